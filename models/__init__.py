"""The model zoo: networks built from recipes, their training and their export."""
