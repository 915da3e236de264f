//! Expressions and calls, alike for every language that migrations are written in.

use std::ops::Range;

/// An expression as far as it is constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string or a symbol.
    Text(Literal),
    Number(String),
    Boolean(bool),
    Nothing,
    List(Vec<Argument>),
    Pairs(Vec<(String, Argument)>),
    Call(Box<Call>),
    /// A name with its qualifiers (`models.CASCADE`, `User`).
    Name(String),
    /// A function without a name; its result where that is a constant.
    Computed(Option<Box<Value>>),
    /// Anything else.
    Unknown,
}

/// Text that the source holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    pub text: String,
    /// The bytes of the source that hold just this text; `None` if it was put together.
    pub verbatim: Option<Range<usize>>,
}

impl Literal {
    /// The text without white space around it.
    pub fn trimmed(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        let text = self.text.trim().to_owned();
        let verbatim = self.verbatim.as_ref().map(|at| {
            let start = at.start + start;
            start..start + text.len()
        });
        Self { text, verbatim }
    }
}

/// An expression and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    pub value: Value,
    pub bytes: Range<usize>,
}

/// A call of a function or method.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub receiver: Option<Value>,
    pub name: String,
    pub positional: Vec<Argument>,
    pub named: Vec<(String, Argument)>,
    pub bytes: Range<usize>,
    /// Some arguments were given in a form that was not understood (splats).
    pub partial: bool,
}

impl Value {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(literal) => Some(&literal.text),
            _ => None,
        }
    }

    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) => Some(call),
            _ => None,
        }
    }

    /// One text or a list of texts.
    pub fn texts(&self) -> Option<Vec<&str>> {
        match self {
            Self::Text(literal) => Some(vec![&literal.text]),
            Self::List(items) => items.iter().map(|item| item.value.text()).collect(),
            _ => None,
        }
    }

    pub fn pair(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Pairs(pairs) => pairs.iter().find(|(k, _)| k == key).map(|(_, a)| &a.value),
            _ => None,
        }
    }

    pub fn is_true(&self) -> bool {
        *self == Self::Boolean(true)
    }

    pub fn is_false(&self) -> bool {
        *self == Self::Boolean(false)
    }
}

impl Call {
    pub fn argument(&self, at: usize) -> Option<&Value> {
        self.positional.get(at).map(|argument| &argument.value)
    }

    pub fn option(&self, name: &str) -> Option<&Value> {
        self.named.iter().rfind(|(key, _)| key == name).map(|(_, argument)| &argument.value)
    }

    /// By place or by name, as Python takes arguments.
    pub fn either(&self, at: usize, name: &str) -> Option<&Value> {
        self.argument(at).or_else(|| self.option(name))
    }

    pub fn text(&self, at: usize) -> Option<&str> {
        self.argument(at)?.text()
    }

    pub fn text_option(&self, name: &str) -> Option<&str> {
        self.option(name)?.text()
    }

    /// The last part of the receiver's name (`op` in `op.execute`, `op` in `migrations.op.x`).
    pub fn receiver_name(&self) -> Option<&str> {
        match self.receiver.as_ref()? {
            Value::Name(name) => name.rsplit('.').next(),
            _ => None,
        }
    }
}
