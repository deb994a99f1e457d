"""What turns maps into detections."""
