# Reference solutions of glmnet, on simulated features of which some are almost the same.
# Rscript glmnet.R ../data/reference    (R 4.2.2 and glmnet 4.1-6 wrote what is there)
suppressMessages(library(glmnet))
out <- commandArgs(TRUE)[1]
set.seed(1)
n <- 150; p <- 40
factors <- matrix(rnorm(n * 5), n)
x <- factors %*% matrix(rnorm(5 * p), 5) + matrix(rnorm(n * p), n)
x[, 2] <- x[, 1] + 0.01 * rnorm(n)
x <- signif(sweep(x, 2, exp(rnorm(p, sd = 2)), "*"), 6)
y <- as.integer(factors[, 1] + 0.5 * factors[, 2] + 1.2 * rnorm(n) > 0.7)
fold <- integer(n)
for (class in 0:1) fold[y == class] <- sample(rep_len(1:10, sum(y == class)))
write.csv(data.frame(y = y, fold = fold, x), file.path(out, "glmnet_input.csv"), row.names = FALSE, quote = FALSE)

paths <- list(); curves <- list()
for (alpha in c(1, 0.5, 0)) {
  lambda <- glmnet(x, y, family = "binomial", alpha = alpha, nlambda = 30, lambda.min.ratio = 0.02)$lambda
  # glmnet ends a path early; the whole sequence is wanted, and tightly converged.
  fit <- glmnet(x, y, family = "binomial", alpha = alpha, lambda = lambda, thresh = 1e-14, maxit = 1e7)
  # The penalty is on standardized columns, so coefficients are given in their units.
  sd <- sqrt(colMeans(sweep(x, 2, colMeans(x))^2))
  scaled <- t(as.matrix(fit$beta)) * rep(sd, each = length(fit$lambda))
  centred <- fit$a0 + as.vector(t(as.matrix(fit$beta)) %*% colMeans(x))
  paths[[length(paths) + 1]] <- data.frame(alpha = alpha, lambda = fit$lambda, intercept = centred, scaled)
  cv <- cv.glmnet(x, y, family = "binomial", alpha = alpha, lambda = lambda, foldid = fold, type.measure = "auc",
                  thresh = 1e-14, maxit = 1e7)
  curves[[length(curves) + 1]] <- data.frame(alpha = alpha, lambda = cv$lambda, auc = cv$cvm,
                                             best = cv$lambda == cv$lambda.min)
}
options(digits = 15)
write.csv(do.call(rbind, paths), file.path(out, "glmnet_path.csv"), row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, curves), file.path(out, "glmnet_cv.csv"), row.names = FALSE, quote = FALSE)
