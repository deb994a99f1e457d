"""Networks: blocks, backbones, necks and heads, put together from a recipe."""
