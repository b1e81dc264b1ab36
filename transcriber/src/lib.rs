//! Speech to text: decoding, segmentation, engines, guards and the worker.
