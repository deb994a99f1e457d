"""The frame path: admission, the lane of each device, and the detector."""
