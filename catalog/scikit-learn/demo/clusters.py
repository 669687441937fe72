"""Finds three groups in points that nobody has labelled, and draws them."""
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs

points, _ = make_blobs(n_samples=120, centers=3, cluster_std=1.1, random_state=4)
groups = KMeans(n_clusters=3, n_init=10, random_state=0).fit_predict(points)

low, span = points.min(axis=0), points.max(axis=0) - points.min(axis=0)
picture = [[" "] * 70 for _ in range(20)]
for point, group in zip(points, groups):
    x, y = (point - low) / span
    picture[19 - int(y * 19)][int(x * 69)] = "ox+"[group]
print("\n".join("".join(row) for row in picture))
