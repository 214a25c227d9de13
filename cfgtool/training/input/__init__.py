"""From TFRecords to batches: reading in a resumable order, decoding, augmenting, resizing, padding."""
