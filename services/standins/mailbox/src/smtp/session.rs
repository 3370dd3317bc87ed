//! What one client may say and what it is answered, as RFC 5321 has it: a state machine over bytes, without a socket or a disk.

use std::mem;

use smtp_proto::{
    MAIL_REQUIRETLS, MAIL_SMTPUTF8, MailFrom, Request,
    request::receiver::{DataReceiver, DummyDataReceiver},
};

use super::{
    authentication::{self, Expected, Outcome},
    input::{COMMAND_LIMIT, Input, Line},
    reply::Reply,
};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) message_bytes: usize,
    pub(crate) recipients: usize,
}

/// Who a mail is from and to, as the client said before the mail itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) hello: String,
    /// The name that the client logged in by, if it did.
    pub(crate) user: Option<String>,
    /// Empty for a bounce.
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
}

/// What the connection has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing before more bytes have come.
    Read,
    Reply(Reply),
    /// Answer, at a place where a fault may be wanted instead.
    ReplyAt(Stage, Reply),
    /// Keep this mail, then tell [`Session::kept`] or answer with the refusal.
    Keep(Envelope, Vec<u8>),
    ReplyAndClose(Reply),
}

/// Where in a session a fault can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Mail,
    Recipient,
}

/// RFC 5321, 4.5.3.1.6: 1,000 bytes with the line's end.
const TEXT_LINE_LIMIT: usize = 998;
/// A client that makes so many mistakes is no mail client.
const ERROR_LIMIT: u32 = 20;

pub(crate) struct Session {
    limits: Limits,
    input: Input,
    state: State,
    hello: Option<String>,
    user: Option<String>,
    mail: Option<Mail>,
    errors: u32,
}

#[derive(Debug)]
struct Mail {
    sender: String,
    utf8: bool,
    recipients: Vec<String>,
}

enum State {
    Command,
    /// The rest of a line that is too long.
    SkipLine,
    Authentication(Expected),
    Data(DataReceiver, Vec<u8>),
    /// The rest of a mail that is too large.
    SkipData(DummyDataReceiver),
}

impl Session {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            input: Input::default(),
            state: State::Command,
            hello: None,
            user: None,
            mail: None,
            errors: 0,
        }
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.input.append(bytes);
    }

    /// What to do next; ask again until it is [`Action::Read`]: clients send several commands at once.
    pub(crate) fn next(&mut self) -> Action {
        match mem::replace(&mut self.state, State::Command) {
            State::Data(receiver, content) => self.receive_data(receiver, content),
            State::SkipData(receiver) => self.skip_data(receiver),
            State::SkipLine => self.skip_line(),
            State::Authentication(expected) => match self.input.take_line() {
                Line::Whole(line) => self.authenticate(expected, &line),
                // What is too long to be an answer ends the dialogue.
                Line::TooLong => self.skip_line(),
                Line::Incomplete => {
                    self.state = State::Authentication(expected);
                    Action::Read
                }
            },
            State::Command => match self.input.take_line() {
                Line::Whole(line) => {
                    let reply = self.command(&line);
                    self.count(reply)
                }
                Line::TooLong => self.skip_line(),
                Line::Incomplete => Action::Read,
            },
        }
    }

    /// What was accepted was refused after all, by a fault on request.
    pub(crate) fn take_back(&mut self, stage: Stage) {
        match stage {
            Stage::Mail => self.mail = None,
            Stage::Recipient => {
                self.mail.as_mut().and_then(|mail| mail.recipients.pop());
            }
        }
    }

    /// The answer to a mail that is safe.
    pub(crate) fn kept(id: &str) -> Reply {
        Reply::new(250, format!("2.0.0 Kept as {id}"))
    }

    fn count(&mut self, action: Action) -> Action {
        let (Action::Reply(reply) | Action::ReplyAt(_, reply)) = &action else {
            return action;
        };
        if reply.is_error() {
            self.errors += 1;
            if self.errors > ERROR_LIMIT {
                return Action::ReplyAndClose(Reply::new(
                    421,
                    "4.7.0 Too many errors, closing the connection",
                ));
            }
        }
        action
    }

    fn skip_line(&mut self) -> Action {
        if !self.input.skip_line() {
            self.state = State::SkipLine;
            return Action::Read;
        }
        let text = format!("5.5.2 Line too long: at most {COMMAND_LIMIT} bytes");
        self.count(Action::Reply(Reply::new(500, text)))
    }

    fn command(&mut self, line: &[u8]) -> Action {
        let request = match Request::parse(&mut line.iter()) {
            Ok(request) => request.into_owned(),
            Err(error) => return Action::Reply(Reply::of(error)),
        };
        match request {
            Request::Ehlo { host } => {
                self.greet(host);
                Action::Reply(self.capabilities())
            }
            Request::Helo { host } => {
                self.greet(host);
                Action::Reply(Reply::new(250, "mailbox"))
            }
            Request::Mail { from } => Action::ReplyAt(Stage::Mail, self.mail(from)),
            Request::Rcpt { to } => Action::ReplyAt(Stage::Recipient, self.recipient(to.address)),
            Request::Data => Action::Reply(self.data()),
            Request::Auth {
                mechanism,
                initial_response,
            } => self.begin_authentication(mechanism, &initial_response),
            Request::Rset => {
                self.mail = None;
                Action::Reply(Reply::new(250, "2.0.0 Ok"))
            }
            Request::Noop { .. } => Action::Reply(Reply::new(250, "2.0.0 Ok")),
            Request::Vrfy { .. } => {
                Action::Reply(Reply::new(252, "2.5.1 Every address is accepted"))
            }
            Request::Help { .. } => Action::Reply(Reply::new(
                214,
                "2.0.0 This mailbox keeps every mail: read them on its web page",
            )),
            Request::Quit => Action::ReplyAndClose(Reply::new(221, "2.0.0 Goodbye")),
            other => Action::Reply(Reply::new(
                502,
                format!("5.5.1 {} is not offered", other.name()),
            )),
        }
    }

    /// RFC 5321, 4.1.4: a greeting ends what went on before.
    fn greet(&mut self, host: String) {
        self.hello = Some(host);
        self.mail = None;
    }

    fn capabilities(&self) -> Reply {
        let size = format!("SIZE {}", self.limits.message_bytes);
        Reply::lines(
            250,
            vec![
                "mailbox".into(),
                "PIPELINING".into(),
                size.into(),
                "8BITMIME".into(),
                "SMTPUTF8".into(),
                "ENHANCEDSTATUSCODES".into(),
                "AUTH PLAIN LOGIN".into(),
                "HELP".into(),
            ],
        )
    }

    fn mail(&mut self, from: MailFrom<String>) -> Reply {
        if self.hello.is_none() {
            return Reply::new(503, "5.5.1 Say EHLO first");
        }
        if self.mail.is_some() {
            return Reply::new(503, "5.5.1 One mail at a time: send RSET to begin another");
        }
        if from.flags & MAIL_REQUIRETLS != 0 {
            return Reply::new(555, "5.5.4 REQUIRETLS is not offered");
        }
        if from.size > self.limits.message_bytes {
            return Reply::too_large(self.limits.message_bytes);
        }
        let utf8 = from.flags & MAIL_SMTPUTF8 != 0;
        if !utf8 && !from.address.is_ascii() {
            return Reply::new(553, "5.6.7 This address needs the parameter SMTPUTF8");
        }
        self.mail = Some(Mail {
            sender: from.address,
            utf8,
            recipients: Vec::new(),
        });
        Reply::new(250, "2.1.0 Ok")
    }

    fn recipient(&mut self, address: String) -> Reply {
        let Some(mail) = &mut self.mail else {
            return Reply::new(503, "5.5.1 Say MAIL FROM first");
        };
        if address.is_empty() {
            return Reply::new(501, "5.1.3 A recipient has an address");
        }
        if !mail.utf8 && !address.is_ascii() {
            return Reply::new(
                553,
                "5.6.7 This address needs MAIL FROM with the parameter SMTPUTF8",
            );
        }
        if mail.recipients.len() >= self.limits.recipients {
            return Reply::new(
                452,
                format!(
                    "4.5.3 Too many recipients: at most {}",
                    self.limits.recipients
                ),
            );
        }
        mail.recipients.push(address);
        Reply::new(250, "2.1.5 Ok")
    }

    fn data(&mut self) -> Reply {
        match &self.mail {
            None => Reply::new(503, "5.5.1 Say MAIL FROM first"),
            Some(mail) if mail.recipients.is_empty() => {
                Reply::new(503, "5.5.1 Name a recipient first")
            }
            Some(_) => {
                // The end of the line with DATA counts: a mail may begin with the dot that ends it.
                let mut receiver = DataReceiver::new();
                receiver.ingest(&mut b"\r\n".iter(), &mut Vec::new());
                self.state = State::Data(receiver, Vec::new());
                Reply::new(
                    354,
                    "Send the mail, and end it with a dot on a line of its own",
                )
            }
        }
    }

    fn receive_data(&mut self, mut receiver: DataReceiver, mut content: Vec<u8>) -> Action {
        let input = self.input.take();
        let mut rest = input.iter();
        let complete = receiver.ingest(&mut rest, &mut content);
        self.input.append(rest.as_slice());
        if content.len() > self.limits.message_bytes {
            if complete {
                return self.end_mail_with(Reply::too_large(self.limits.message_bytes));
            }
            self.state = State::SkipData(DummyDataReceiver::new_data(&receiver));
            return Action::Read;
        }
        if !complete {
            self.state = State::Data(receiver, content);
            return Action::Read;
        }
        if content
            .split(|byte| *byte == b'\n')
            .any(|line| line.len() > TEXT_LINE_LIMIT + 1)
        {
            return self.end_mail_with(Reply::new(552, format!("5.6.0 A line of the mail is longer than {TEXT_LINE_LIMIT} bytes: encode or fold it")));
        }
        let Some(mail) = self.mail.take() else {
            return self.end_mail_with(Reply::new(503, "5.5.1 Say MAIL FROM first"));
        };
        let envelope = Envelope {
            hello: self.hello.clone().unwrap_or_default(),
            user: self.user.clone(),
            sender: mail.sender,
            recipients: mail.recipients,
        };
        Action::Keep(envelope, content)
    }

    fn skip_data(&mut self, mut receiver: DummyDataReceiver) -> Action {
        let input = self.input.take();
        let mut rest = input.iter();
        if receiver.ingest(&mut rest) {
            self.input.append(rest.as_slice());
            return self.end_mail_with(Reply::too_large(self.limits.message_bytes));
        }
        self.state = State::SkipData(receiver);
        Action::Read
    }

    fn end_mail_with(&mut self, reply: Reply) -> Action {
        self.mail = None;
        self.count(Action::Reply(reply))
    }

    fn begin_authentication(&mut self, mechanism: u64, initial_response: &str) -> Action {
        if self.hello.is_none() {
            return Action::Reply(Reply::new(503, "5.5.1 Say EHLO first"));
        }
        if self.user.is_some() || self.mail.is_some() {
            return Action::Reply(Reply::new(503, "5.5.1 AUTH comes once, before MAIL FROM"));
        }
        let outcome = authentication::begin(mechanism, initial_response);
        self.after_authentication(outcome)
    }

    fn authenticate(&mut self, expected: Expected, line: &[u8]) -> Action {
        let response = String::from_utf8_lossy(line);
        let outcome = authentication::go_on(expected, response.trim_end_matches(['\r', '\n']));
        let action = self.after_authentication(outcome);
        self.count(action)
    }

    fn after_authentication(&mut self, outcome: Outcome) -> Action {
        match outcome {
            Outcome::GoOn(expected, challenge) => {
                self.state = State::Authentication(expected);
                Action::Reply(challenge)
            }
            Outcome::Done(user) => {
                self.user = Some(user);
                Action::Reply(Reply::new(235, "2.7.0 Welcome: anybody is let in here"))
            }
            Outcome::Failed(reply) => Action::Reply(reply),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        message_bytes: 4096,
        recipients: 3,
    };

    /// Everything that the session asks for, given these pieces of input.
    fn play<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Action> {
        let mut session = Session::new(LIMITS);
        let mut actions = Vec::new();
        for piece in pieces {
            session.receive(piece);
            loop {
                match session.next() {
                    Action::Read => break,
                    action => {
                        let closes = matches!(action, Action::ReplyAndClose(_));
                        actions.push(action);
                        if closes {
                            return actions;
                        }
                    }
                }
            }
        }
        actions
    }

    fn codes(actions: &[Action]) -> Vec<u16> {
        let code = |action: &Action| match action {
            Action::Reply(reply) | Action::ReplyAt(_, reply) | Action::ReplyAndClose(reply) => {
                reply.code()
            }
            Action::Keep(..) => 250,
            Action::Read => unreachable!(),
        };
        actions.iter().map(code).collect()
    }

    /// Lines as clients, broken clients and attackers send them.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let words = prop::sample::select(vec![
            "EHLO a",
            "HELO a",
            "MAIL FROM:<a@b.c>",
            "MAIL FROM:<>",
            "MAIL FROM:<é@b.c> SMTPUTF8",
            "MAIL FROM:<a@b.c> SIZE=99999999999999999999",
            "RCPT TO:<d@e.f>",
            "RCPT TO:<>",
            "DATA",
            ".",
            "..",
            "text",
            "RSET",
            "NOOP",
            "QUIT",
            "VRFY x",
            "AUTH PLAIN",
            "AUTH LOGIN AAAA",
            "AGEAYg==",
            "*",
            "STARTTLS",
            "BDAT 10 LAST",
            "",
            "HELP",
            "MAIL FROM:<a@b.c> BODY=8BITMIME",
            "rcpt to:<x@y.z> NOTIFY=NEVER",
            "ETRN x",
            "EXPN y",
            "LHLO x",
        ]);
        let ending = prop::sample::select(vec!["\r\n", "\n", "\r", ""]);
        prop_oneof![
            8 => (words, ending).prop_map(|(word, ending)| format!("{word}{ending}").into_bytes()),
            2 => prop::collection::vec(any::<u8>(), 0..300),
            1 => (2000..6000_usize).prop_map(|len| vec![b'x'; len]),
        ]
    }

    proptest! {
        #[test]
        fn nothing_that_a_client_sends_breaks_the_session(lines in prop::collection::vec(line(), 0..60)) {
            let actions = play(lines.iter().map(Vec::as_slice));
            for action in &actions {
                if let Action::Keep(envelope, content) = action {
                    prop_assert!(!envelope.recipients.is_empty() && envelope.recipients.len() <= LIMITS.recipients);
                    prop_assert!(content.len() <= LIMITS.message_bytes);
                }
                if let Action::Reply(reply) | Action::ReplyAt(_, reply) | Action::ReplyAndClose(reply) = action {
                    let text = reply.to_string();
                    prop_assert!((200..600).contains(&reply.code()) && text.ends_with("\r\n"));
                    prop_assert!(text.is_ascii() && text.lines().all(|line| line.len() < 200), "{}", text);
                }
            }
        }

        #[test]
        fn it_does_not_matter_in_what_pieces_the_bytes_come(lines in prop::collection::vec(line(), 0..40), size in 1..50_usize) {
            let all = lines.concat();
            prop_assert_eq!(codes(&play(all.chunks(size))), codes(&play([all.as_slice()])));
        }

        #[test]
        fn a_mail_arrives_as_it_was_written(lines in prop::collection::vec("[ -~]{0,80}|\\.{1,4}", 0..30), size in 1..40_usize) {
            let mail = lines.iter().fold(String::new(), |mail, line| mail + line + "\r\n");
            // A client doubles a dot that begins a line: RFC 5321, 4.5.2.
            let stuffed = lines.iter().fold(String::new(), |mail, line| {
                mail + if line.starts_with('.') { "." } else { "" } + line + "\r\n"
            });
            let dialogue = format!("EHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n{stuffed}.\r\nQUIT\r\n");
            let actions = play(dialogue.as_bytes().chunks(size));
            let kept = actions.iter().find_map(|action| match action {
                Action::Keep(_, content) => Some(String::from_utf8_lossy(content).into_owned()),
                _ => None,
            });
            prop_assert_eq!(kept, Some(mail));
            prop_assert_eq!(codes(&actions).last().copied(), Some(221));
        }
    }

    #[test]
    fn commands_out_of_order_are_refused_with_503() {
        let play = |lines: &str| codes(&play([lines.as_bytes()]));
        assert_eq!(play("MAIL FROM:<a@b.c>\r\n"), [503]);
        assert_eq!(
            play("EHLO a\r\nRCPT TO:<a@b.c>\r\nDATA\r\n"),
            [250, 503, 503]
        );
        assert_eq!(
            play("EHLO a\r\nMAIL FROM:<a@b.c>\r\nDATA\r\n"),
            [250, 250, 503]
        );
        assert_eq!(
            play("EHLO a\r\nMAIL FROM:<a@b.c>\r\nMAIL FROM:<a@b.c>\r\n"),
            [250, 250, 503]
        );
        assert_eq!(
            play("EHLO a\r\nMAIL FROM:<a@b.c>\r\nRSET\r\nRCPT TO:<a@b.c>\r\n"),
            [250, 250, 250, 503]
        );
        assert_eq!(
            play("EHLO a\r\nMAIL FROM:<a@b.c>\r\nEHLO a\r\nRCPT TO:<a@b.c>\r\n"),
            [250, 250, 250, 503]
        );
        assert_eq!(
            play("EHLO a\r\nMAIL FROM:<a@b.c>\r\nAUTH PLAIN AGEAYg==\r\n"),
            [250, 250, 503]
        );
    }

    #[test]
    fn limits_are_told_with_their_codes() {
        let dialogue = |mail: &str| {
            format!(
                "EHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n{mail}\r\n.\r\nNOOP\r\n"
            )
        };
        let lines = "1234567890\r\n".repeat(400);
        assert_eq!(
            codes(&play([dialogue(&lines).as_bytes()])),
            [250, 250, 250, 354, 552, 250]
        );
        assert_eq!(
            codes(&play([dialogue(&"x".repeat(998)).as_bytes()])),
            [250, 250, 250, 354, 250, 250]
        );
        assert_eq!(
            codes(&play([dialogue(&"x".repeat(999)).as_bytes()])),
            [250, 250, 250, 354, 552, 250]
        );
        assert_eq!(
            codes(&play([
                b"EHLO a\r\nMAIL FROM:<a@b.c> SIZE=5000\r\n".as_slice()
            ])),
            [250, 552]
        );
        let recipients = "RCPT TO:<d@e.f>\r\n".repeat(4);
        assert_eq!(
            codes(&play([format!(
                "EHLO a\r\nMAIL FROM:<a@b.c>\r\n{recipients}"
            )
            .as_bytes()])),
            [250, 250, 250, 250, 250, 452]
        );
        let long = format!("NOOP {}\r\nNOOP\r\n", "x".repeat(3000));
        assert_eq!(codes(&play([long.as_bytes()])), [500, 250]);
        assert_eq!(codes(&play(long.as_bytes().chunks(100))), [500, 250]);
    }

    #[test]
    fn a_client_that_only_makes_mistakes_is_sent_away() {
        let codes = codes(&play([b"NONSENSE\r\n".repeat(30).as_slice()]));
        assert_eq!((codes.len(), codes.last()), (21, Some(&421)));
    }

    #[test]
    fn only_a_dot_between_whole_line_ends_ends_a_mail() {
        // What lets somebody smuggle a second mail into the first on servers that are less strict.
        for dot in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r"] {
            let dialogue = format!(
                "EHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\none{dot}MAIL FROM:<x@y.z>\r\n.\r\n"
            );
            let actions = play([dialogue.as_bytes()]);
            assert_eq!(codes(&actions), [250, 250, 250, 354, 250], "{dot:?}");
        }
    }

    #[test]
    fn an_empty_mail_is_a_mail() {
        let actions =
            play([b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n.\r\n".as_slice()]);
        assert!(
            matches!(actions.last(), Some(Action::Keep(envelope, content)) if envelope.sender.is_empty() && content.is_empty())
        );
    }

    #[test]
    fn addresses_beyond_ascii_need_their_extension() {
        let play = |lines: &str| codes(&play([lines.as_bytes()]));
        assert_eq!(play("EHLO a\r\nMAIL FROM:<zoé@b.c>\r\n"), [250, 553]);
        assert_eq!(
            play("EHLO a\r\nMAIL FROM:<zoé@b.c> SMTPUTF8\r\nRCPT TO:<jürgen@exämple.de>\r\n"),
            [250, 250, 250]
        );
        assert_eq!(
            play("EHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<jürgen@exämple.de>\r\n"),
            [250, 250, 553]
        );
    }

    #[test]
    fn anybody_is_let_in_by_the_real_dialogue() {
        let play = |lines: &str| codes(&play([lines.as_bytes()]));
        assert_eq!(
            play("EHLO a\r\nAUTH PLAIN AGEAYg==\r\nAUTH PLAIN AGEAYg==\r\n"),
            [250, 235, 503]
        );
        assert_eq!(
            play("EHLO a\r\nAUTH PLAIN\r\nAGEAYg==\r\n"),
            [250, 334, 235]
        );
        assert_eq!(
            play("EHLO a\r\nAUTH LOGIN\r\nYQ==\r\nYg==\r\n"),
            [250, 334, 334, 235]
        );
        assert_eq!(
            play("EHLO a\r\nAUTH LOGIN\r\n*\r\nNOOP\r\n"),
            [250, 334, 501, 250]
        );
        assert_eq!(
            play("EHLO a\r\nAUTH PLAIN not-base64!\r\nAUTH PLAIN AAAA\r\n"),
            [250, 501, 501]
        );
        assert_eq!(play("EHLO a\r\nAUTH CRAM-MD5\r\n"), [250, 504]);
        assert_eq!(play("AUTH PLAIN AGEAYg==\r\n"), [503]);
    }
}
