"""What an operator may say about where results go."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class MqttOptions(_Section):
    """Options of the MQTT sink."""

    mqtt_url: str = Field(
        default="",
        description="Broker for the results of the box's own cameras, mqtt://HOST:PORT, or "
        "mqtts:// for TLS; empty for none.",
    )
    mqtt_topic: str = Field(
        default="edgeserve",
        min_length=1,
        pattern=r"^[^#+\x00]+$",
        description="First part of the topics TOPIC/CAMERA/detections, TOPIC/CAMERA/events and "
        "TOPIC/status.",
    )
    mqtt_client_id: str = Field(
        default="",
        description="Name at the broker, each used once; empty takes a random one.",
    )
    mqtt_username: str = Field(default="", description="Name to log in with; empty for none.")
    mqtt_password: SecretStr = Field(default=SecretStr(""), description="Password to log in with.")
    mqtt_password_file: str = Field(
        default="",
        description="File with the password, in place of `mqtt_password`.",
    )
    mqtt_ca: str = Field(
        default="",
        description="PEM file with the authorities to trust; empty trusts the system's.",
    )
    mqtt_cert: str = Field(default="", description="PEM file with our certificate; empty for none.")
    mqtt_key: str = Field(default="", description="PEM file with its key.")
    mqtt_qos: int = Field(
        default=1,
        ge=0,
        le=2,
        description="0: sent once and forgotten; 1: again until the broker has it; 2: exactly "
        "once.",
    )
    mqtt_keepalive: int = Field(
        default=30,
        ge=5,
        le=3600,
        description="Seconds of silence after which broker and box ask for one another.",
    )
    mqtt_buffer: int = Field(
        default=1000,
        ge=1,
        description="Messages kept while the broker is away; then the oldest are dropped.",
    )


class JsonlOptions(_Section):
    """Options of the JSON lines sink."""

    jsonl_path: str = Field(
        default="",
        description="File for the results of the box's own cameras, a JSON line each; - for "
        "standard output, empty for none.",
    )
    jsonl_max_bytes: int = Field(
        default=100_000_000,
        ge=0,
        description="Size at which the file is renamed to FILE.1 and begun anew; 0 for never.",
    )
    jsonl_files: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="Renamed files to keep: FILE.1, the newest, to FILE.N.",
    )
    jsonl_buffer: int = Field(
        default=1000,
        ge=1,
        description="Results kept while the disk is slow; then the oldest are dropped.",
    )


class WebhookOptions(_Section):
    """Options of the webhook sink."""

    webhook_url: str = Field(
        default="",
        description="http:// or https:// address that each event is posted to; empty for none.",
    )
    webhook_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Key of the header X-Edgeserve-Signature (HMAC SHA-256 of the body); empty "
        "for no header.",
    )
    webhook_secret_file: str = Field(
        default="",
        description="File with the key, in place of `webhook_secret`.",
    )
    webhook_ca: str = Field(
        default="",
        description="PEM file with the authorities to trust; empty trusts the system's.",
    )
    webhook_timeout: float = Field(
        default=5.0,
        gt=0,
        le=300,
        description="Seconds to wait for the receiver.",
    )
    webhook_attempts: int = Field(
        default=8,
        ge=1,
        le=100,
        description="Tries for one event, with pauses that double from 0.5 to 30 s.",
    )
    webhook_buffer: int = Field(
        default=1000,
        ge=1,
        description="Events kept while the receiver is away; then the oldest are dropped.",
    )
