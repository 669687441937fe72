"""Learns to tell three kinds of iris from the sizes of their petals, and shows where it fails."""
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier, export_text

iris = load_iris()
train_x, test_x, train_y, test_y = train_test_split(iris.data, iris.target, test_size=0.4, random_state=7)

model = DecisionTreeClassifier(max_depth=2).fit(train_x, train_y)
print(export_text(model, feature_names=iris.feature_names))

guesses = model.predict(test_x)
right = (guesses == test_y).sum()
print(f"{right} of {len(test_y)} flowers that it had never seen are right")
for flower, guess, truth in zip(test_x, guesses, test_y):
    if guess != truth:
        print(f"  {flower} is a {iris.target_names[truth]}, it said {iris.target_names[guess]}")
