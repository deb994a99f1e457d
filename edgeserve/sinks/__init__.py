"""Results out of the box: MQTT, JSON lines, webhooks."""
