"""The nouns that every room speaks. numpy and the standard library only."""
