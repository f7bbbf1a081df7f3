"""Recognition, detection of wrong labels, calibration, and the intervals around them."""
