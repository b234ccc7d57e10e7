"""What each figure of an evaluation is: definition, range, source. Goes into every report as it stands here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """One figure.

    Attributes:
        title: as it is written in figures and tables; unit: "" where there is none.
        definition: how it is computed, in a sentence; values: which are possible.
        better: ``higher``, ``lower``, or "" where neither is.
        source: where it was defined.
    """

    title: str
    unit: str
    definition: str
    values: str
    better: str
    source: str


IN_OVERLAP = "inside the overlap only, of brightness from 0 to 1 (data range 1)"

IMAGE = {
    "psnr": Definition(
        "PSNR",
        "dB",
        f"10 log10(1 / mean squared error), {IN_OVERLAP}",
        "0 dB to infinity (equal)",
        "higher",
        "Huynh-Thu and Ghanbari 2008, doi 10.1049/el:20080522",
    ),
    "ssim": Definition(
        "SSIM",
        "",
        "mean structural similarity, Gaussian window of 11 x 11 pixels, sigma 1.5, K 0.01 and 0.03, "
        f"population variances; over the pixels whose whole window lies in the overlap, {IN_OVERLAP}",
        "-1 to 1 (equal)",
        "higher",
        "Wang, Bovik, Sheikh, Simoncelli 2004, doi 10.1109/TIP.2003.819861",
    ),
    "ms_ssim": Definition(
        "MS-SSIM",
        "",
        "multi-scale structural similarity, up to 5 scales, window statistics and means weighted by the "
        f"overlap, {IN_OVERLAP}",
        "0 to 1 (equal)",
        "higher",
        "Wang, Simoncelli, Bovik 2003, doi 10.1109/ACSSC.2003.1292216",
    ),
    "mi": Definition(
        "MI",
        "bits",
        f"mutual information of the joint histogram of 64 x 64 equal bins over the data range, {IN_OVERLAP}",
        "0 to 6 bits",
        "higher",
        "Viola and Wells 1997, doi 10.1023/A:1007958904918",
    ),
    "nmi": Definition(
        "NMI",
        "",
        "(H(X) + H(Y)) / H(X, Y) from the same histogram",
        "1 (nothing in common) to 2",
        "higher",
        "Studholme, Hill, Hawkes 1999, doi 10.1016/S0031-3203(98)00091-0",
    ),
}

SETS = {
    "fid": Definition(
        "FID",
        "",
        "squared Frechet distance of Gaussians fitted to network features of the imaged area; unbiased "
        "covariances; the network is named with the figure",
        "0 to infinity; biased upwards for small samples",
        "lower",
        "Heusel et al. 2017, arXiv 1706.08500",
    ),
    "kid": Definition(
        "KID",
        "",
        "squared maximum mean discrepancy of the same network features, kernel (x.y/d + 1)^3, unbiased, from "
        "all images; SD over 100 random subsets of half the smaller sample (1000 at most)",
        "0 in the mean when there is no difference",
        "lower",
        "Binkowski et al. 2018, arXiv 1801.01401",
    ),
    "frd": Definition(
        "FRD",
        "",
        "squared Frechet distance of the original-image texture features (pyradiomics), standardized by the "
        "target's mean and SD, clipped at 10 SD; not the logarithmic figure of the package frd-score",
        "0 to infinity; biased upwards for small samples",
        "lower",
        "Dowson and Landau 1982, doi 10.1016/0047-259X(82)90077-X",
    ),
    "scanner": Definition(
        "Scanner recognised",
        "",
        "balanced accuracy of telling images from the target's by their texture features: "
        "logistic regression, standardized inside five folds by patient, stratified",
        "0.5 (chance) to 1",
        "lower",
        "Brodersen et al. 2010, doi 10.1109/ICPR.2010.764",
    ),
}

FEATURES = {
    "pearson": Definition(
        "Pearson r",
        "",
        "correlation of a feature with the target's over the same regions; 95 % interval by Fisher's z",
        "-1 to 1",
        "higher",
        "Fisher 1921",
    ),
    "mean_pearson": Definition(
        "mean r",
        "",
        "mean of Pearson r over the features that vary; 95 % percentile interval from 1000 bootstrap draws of patients",
        "-1 to 1",
        "higher",
        "Efron and Tibshirani 1993",
    ),
    "icc": Definition(
        "ICC(3,1)",
        "",
        "intraclass correlation, two-way mixed, consistency, single rating; 95 % interval by F; blind to "
        "a shift of the mean",
        "-1 to 1",
        "higher",
        "Shrout and Fleiss 1979, doi 10.1037/0033-2909.86.2.420; McGraw and Wong 1996, doi 10.1037/1082-989X.1.1.30",
    ),
    "concordance": Definition(
        "CCC",
        "",
        "Lin's concordance correlation coefficient, population moments",
        "-1 to 1",
        "higher",
        "Lin 1989, doi 10.2307/2532051",
    ),
    "shift": Definition(
        "mean shift",
        "",
        "mean minus the target's mean in the feature's unit; shift_sd: in SDs (n - 1) of the target",
        "any",
        "",
        "",
    ),
    "reproducible": Definition(
        "reproducible",
        "",
        "share of features with ICC(3,1) of at least 0.9, of those that vary",
        "0 to 1",
        "higher",
        "",
    ),
}
