"""The rooms' options, composed: TOML, environment, flags."""
