//! What an endpoint counts; the shell makes metrics of it.

/// Counts since the endpoint was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Messages received by kind, repetitions included.
    pub received: Methods,
    /// Requests sent by method, repetitions left out.
    pub sent: Methods,
    /// Responses received, by class: 1xx is `[0]`, 6xx is `[5]`.
    pub responses_received: [u64; 6],
    /// Responses sent, by class, repetitions left out.
    pub responses_sent: [u64; 6],
    /// Datagrams that are no legal message.
    pub parse_errors: u64,
    /// Keep-alives.
    pub keep_alives: u64,
    /// Requests received again.
    pub repeats_received: u64,
    /// Requests and responses sent again.
    pub repeats_sent: u64,
    /// INVITEs refused because there were too many calls or transactions.
    pub overloaded: u64,
    /// INVITEs answered with a challenge to sign in.
    pub challenged: u64,
    /// INVITEs refused while draining.
    pub drained: u64,
    /// Inputs dropped because too many outputs were waiting.
    pub dropped_inputs: u64,
    /// Responses and ACKs that belong to nothing.
    pub strays: u64,
    /// Requests that could not be sent because the transaction table was full.
    pub unsent: u64,
}

/// One count a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "each field is the method of its name")]
pub struct Methods {
    pub invite: u64,
    pub ack: u64,
    pub bye: u64,
    pub cancel: u64,
    pub options: u64,
    pub info: u64,
    pub update: u64,
    pub register: u64,
    pub other: u64,
}

impl Methods {
    pub(super) fn count(&mut self, method: &str) {
        let counter = match method {
            "INVITE" => &mut self.invite,
            "ACK" => &mut self.ack,
            "BYE" => &mut self.bye,
            "CANCEL" => &mut self.cancel,
            "OPTIONS" => &mut self.options,
            "INFO" => &mut self.info,
            "UPDATE" => &mut self.update,
            "REGISTER" => &mut self.register,
            _ => &mut self.other,
        };
        *counter += 1;
    }
}

/// Counts a status in its class.
pub(super) fn count_class(classes: &mut [u64; 6], status: u16) {
    if let Some(class) = classes.get_mut(usize::from(status / 100).saturating_sub(1)) {
        *class += 1;
    }
}
