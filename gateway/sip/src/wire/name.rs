//! Header field names that this user agent acts on, with their compact forms (RFC 3261 §7.3.3, §20).

macro_rules! names {
    ($($(#[$doc:meta])* $variant:ident = $long:literal $(/ $compact:literal)?),* $(,)?) => {
        /// A header field name; names that are not acted on are [`Name::Other`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Name {
            $(#[doc = concat!("`", $long, "`")] $variant,)*
            /// Any other name.
            Other,
        }

        impl Name {
            /// Recognises a name in any case, in its long or its compact form.
            #[must_use]
            pub fn of(name: &[u8]) -> Self {
                $(if name.eq_ignore_ascii_case($long.as_bytes()) $(|| name.eq_ignore_ascii_case($compact.as_bytes()))? {
                    return Self::$variant;
                })*
                Self::Other
            }

            /// The name's usual spelling; empty for [`Name::Other`].
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $long,)*
                    Self::Other => "",
                }
            }
        }
    };
}

names! {
    Via = "Via" / "v",
    From = "From" / "f",
    To = "To" / "t",
    CallId = "Call-ID" / "i",
    CSeq = "CSeq",
    MaxForwards = "Max-Forwards",
    Contact = "Contact" / "m",
    ContentLength = "Content-Length" / "l",
    ContentType = "Content-Type" / "c",
    ContentEncoding = "Content-Encoding" / "e",
    ContentDisposition = "Content-Disposition",
    Route = "Route",
    RecordRoute = "Record-Route",
    Allow = "Allow",
    Supported = "Supported" / "k",
    Require = "Require",
    Unsupported = "Unsupported",
    Accept = "Accept",
    Expires = "Expires",
    SessionExpires = "Session-Expires" / "x",
    MinSe = "Min-SE",
    RetryAfter = "Retry-After",
    Reason = "Reason",
    Warning = "Warning",
    PAssertedIdentity = "P-Asserted-Identity",
    UserAgent = "User-Agent",
    Server = "Server",
    Timestamp = "Timestamp",
    Subject = "Subject" / "s",
    Event = "Event" / "o",
    ReferTo = "Refer-To" / "r",
    ReferredBy = "Referred-By" / "b",
    AllowEvents = "Allow-Events" / "u",
    SubscriptionState = "Subscription-State",
    RSeq = "RSeq",
    RAck = "RAck",
    Authorization = "Authorization",
    WwwAuthenticate = "WWW-Authenticate",
    ProxyAuthorization = "Proxy-Authorization",
    ProxyAuthenticate = "Proxy-Authenticate",
}
