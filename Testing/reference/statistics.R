# Reference figures of R and pROC.
# Rscript statistics.R ../data/reference    (R 4.2.2 and pROC 1.18.0 wrote what is there)
suppressMessages(library(pROC))
out <- commandArgs(TRUE)[1]
set.seed(2)
n <- 80
y <- as.integer(runif(n) < 0.35)
first <- round(y * 0.8 + rnorm(n), 1)                      # with ties
second <- round(y * 1.3 + 0.5 * first + rnorm(n), 3)
age <- round(45 + 4 * y + rnorm(n, sd = 8))
size <- round(exp(1 + 0.4 * y + 0.6 * rnorm(n)), 2)
stage <- sample(c("I", "II", "III"), n, TRUE, c(0.6, 0.3, 0.1))
side <- sample(c("left", "right"), n, TRUE)
rare <- ifelse(runif(n) < 0.06, "yes", "no")
write.csv(data.frame(y, first, second, age, size, stage, side, rare), file.path(out, "statistics_input.csv"),
          row.names = FALSE, quote = FALSE)
found <- list()
put <- function(name, value) found[[name]] <<- value
a <- roc(y, first, direction = "<", levels = 0:1); b <- roc(y, second, direction = "<", levels = 0:1)
for (name in c("a", "b")) {
  interval <- ci.auc(get(name), method = "delong")
  put(paste0("auc_", name), interval[2]); put(paste0("auc_", name, "_low"), interval[1])
  put(paste0("auc_", name, "_high"), interval[3]); put(paste0("variance_", name), var(get(name), method = "delong"))
}
put("covariance", cov(a, b, method = "delong"))
test <- roc.test(b, a, method = "delong", paired = TRUE)
put("paired_z", test$statistic); put("paired_p", test$p.value)
put("paired_low", test$conf.int[1]); put("paired_high", test$conf.int[2])
eta <- 0.7 * second - 0.9
put("calibration_intercept", coef(glm(y ~ offset(eta), family = binomial))[1])
slope <- glm(y ~ eta, family = binomial)
put("calibration_slope", coef(slope)[2]); put("calibration_slope_se", coef(summary(slope))[2, 2])
put("brier", mean((plogis(eta) - y)^2))
wilson <- prop.test(7, 9, correct = FALSE)$conf.int
put("wilson_7_9_low", wilson[1]); put("wilson_7_9_high", wilson[2])
put("shapiro_age_0", shapiro.test(age[y == 0])$p.value)
put("shapiro_age_1", shapiro.test(age[y == 1])$p.value)
put("shapiro_size_0", shapiro.test(size[y == 0])$p.value)
put("t_age", t.test(age ~ y, var.equal = TRUE)$p.value)
put("welch_age", t.test(age ~ y)$p.value)
put("wilcoxon_size", wilcox.test(size ~ y, exact = FALSE, correct = TRUE)$p.value)
put("chi_square_side", chisq.test(table(side, y), correct = FALSE)$p.value)
put("fisher_rare", fisher.test(table(rare, y))$p.value)
put("fisher_stage", fisher.test(table(stage, y))$p.value)
put("chi_square_stage", suppressWarnings(chisq.test(table(stage, y), correct = FALSE)$p.value))
values <- data.frame(name = names(found), value = format(unlist(found), digits = 15, trim = TRUE))
write.csv(values, file.path(out, "statistics.csv"), row.names = FALSE, quote = FALSE)
