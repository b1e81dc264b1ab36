//! Media as pure state machines: RTP placement, DTMF, codecs, levels, the recording log's format.
