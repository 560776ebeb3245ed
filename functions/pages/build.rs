//! Makes the files that the pages load: one script and one style sheet a page, under names that carry their content's
//! hash, compressed ahead of time. Why so: `docs/decisions/0011-one-file-a-page.md`. And the description of the API, by
//! `openapi/assemble.rs`.

#![expect(clippy::disallowed_methods, reason = "cargo names the folder for what is made in the environment")]

#[path = "openapi/assemble.rs"]
mod assemble;

use std::{
    collections::HashSet,
    env,
    error::Error,
    fmt::Write,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use oxc::{
    allocator::Allocator,
    codegen::{Codegen, CodegenOptions},
    mangler::MangleOptions,
    minifier::{CompressOptions, Minifier, MinifierOptions},
    parser::Parser,
    semantic::SemanticBuilder,
    span::SourceType,
};
use oxc_compat::EngineTargets;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// The modules that pages begin with; each becomes one file, together with all that it imports.
/// A script may name one that stands before it.
const SCRIPTS: [&str; 10] = [
    "puzzle_worker.js",
    "screen.js",
    "authorize.js",
    "phone.js",
    "device.js",
    "here.js",
    "authorize_here.js",
    "mine.js",
    "stale.js",
    "widget.js",
];
const STYLES: [&str; 1] = ["app.css"];
const PAGES: [&str; 8] = [
    "index.html",
    "authorize.html",
    "phone.html",
    "device.html",
    "here.html",
    "authorize_here.html",
    "account.html",
    "welcome.html",
];
/// The rules inside the widget, which its script holds, and its types.
const WIDGET_STYLE: &str = "widget.css";
const WIDGET_TYPES: &str = "widget.d.ts";
/// What few callers fetch, and hardly any without compression.
const RARE: [&str; 6] =
    ["here.js", "here.html", "authorize_here.js", "authorize_here.html", "widget.js", WIDGET_TYPES];
/// Drawn into the scripts, so that it costs no request.
const ICON: &str = "favicon.svg";
/// How many characters of the hash a name carries: 64 bits.
const HASH_LENGTH: usize = 16;

/// The names of the language and of browsers that the scripts use. Any other name must be declared.
const BROWSER: &str = "AbortController AbortSignal Array Blob Boolean CSSStyleSheet CustomEvent DOMParser Date Int32Array \
    IntersectionObserver Intl JSON Map Math Number Object Promise RangeError RegExp Set String TextDecoder TextEncoder URL \
    URLSearchParams Uint8Array WeakMap WebSocket Worker atob btoa clearInterval clearTimeout console crypto decodeURIComponent \
    document encodeURIComponent fetch globalThis history location matchMedia navigator onmessage performance postMessage \
    queueMicrotask setInterval setTimeout undefined window";

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=openapi");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut list = String::new();
    let mut renamed: Vec<(&str, String)> = Vec::new();
    let icon = read(ICON)?;
    write_file(&out, &mut list, ICON, icon.as_bytes())?;
    let rules = serde_json::to_string(&minifier::css::minify(&read(WIDGET_STYLE)?)?.to_string())?;
    let drawn = format!("data:image/svg+xml,{}", utf8_percent_encode(icon.trim(), NON_ALPHANUMERIC));
    for script in SCRIPTS {
        let mut linked = Linker::link(script)?.replace(&format!("/assets/{ICON}"), &drawn);
        linked = linked.replace(&format!("'/assets/{WIDGET_STYLE}'"), &rules);
        for (file, name) in &renamed {
            linked = linked.replace(&format!("/assets/{file}"), &format!("/assets/{name}"));
        }
        let content = minified(&linked)?;
        renamed.push((script, write_file(&out, &mut list, script, content.as_bytes())?));
    }
    for style in STYLES {
        let content = minifier::css::minify(&read(style)?)?.to_string();
        renamed.push((style, write_file(&out, &mut list, style, content.as_bytes())?));
    }
    for page in PAGES {
        let mut html = without_comments(&with_parts(&read(page)?)?);
        for (file, name) in &renamed {
            html = html.replace(&format!("\"/assets/{file}\""), &format!("\"/assets/{name}\""));
        }
        let lines: Vec<_> = html.lines().map(str::trim).collect();
        write_file(&out, &mut list, page, lines.join("\n").as_bytes())?;
    }
    write_file(&out, &mut list, WIDGET_TYPES, read(WIDGET_TYPES)?.as_bytes())?;
    write_packed(&out, &mut list, "openapi.json", assemble::description()?.as_bytes())?;
    fs::write(out.join("files.rs"), list)?;
    Ok(())
}

/// Writes a file, plain unless it is rare, and compressed; adds it to the list that is compiled in, and answers its name with the hash.
fn write_file(out: &Path, list: &mut String, file: &str, content: &[u8]) -> Result<String, Failure> {
    write_forms(out, list, file, content, !RARE.contains(&file))
}

/// The same for a file that is large and rarely fetched: it is compiled in compressed alone.
fn write_packed(out: &Path, list: &mut String, file: &str, content: &[u8]) -> Result<String, Failure> {
    write_forms(out, list, file, content, false)
}

fn write_forms(
    out: &Path,
    list: &mut String,
    file: &str,
    content: &[u8],
    is_plain: bool,
) -> Result<String, Failure> {
    let hash: String =
        Sha256::digest(content).iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"));
    let hash = hash.get(..HASH_LENGTH).unwrap_or_default();
    let (stem, kind) = file.rsplit_once('.').ok_or("a file's name ends in its type")?;
    let name = format!("{stem}-{hash}.{kind}");
    let constant = file.replace('.', "_").to_uppercase();
    writeln!(list, "pub(crate) static {constant}: File = File {{")?;
    writeln!(list, "    name: {name:?}, etag: \"W/\\\"{hash}\\\"\",")?;
    let include = |form: &str, bytes: Vec<u8>| -> Result<String, Failure> {
        fs::write(out.join(format!("{file}.{form}")), bytes)?;
        Ok(format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}.{form}\"))"))
    };
    let plain = is_plain.then(|| include("plain", content.to_vec())).transpose()?;
    writeln!(list, "    plain: {},", plain.map_or("None".to_owned(), |plain| format!("Some({plain})")))?;
    writeln!(list, "    br: {},", include("br", brotli(content)?)?)?;
    writeln!(list, "    gz: {},", include("gz", gzip(content)?)?)?;
    writeln!(list, "}};")?;
    Ok(name)
}

/// Puts a part that pages share where a page or a part says so, on a line of its own: `<!-- put part.html here -->`.
fn with_parts(html: &str) -> Result<String, Failure> {
    let part = |line: &str| {
        let named = line.trim().strip_prefix("<!-- put ")?.strip_suffix(" here -->")?;
        Some(read(named).and_then(|part| with_parts(&part)))
    };
    let lines = html.lines().map(|line| part(line).unwrap_or_else(|| Ok(line.to_owned())));
    Ok(lines.collect::<Result<Vec<_>, _>>()?.join("\n"))
}

fn without_comments(html: &str) -> String {
    let parts = html.split("<!--").map(|part| part.split_once("-->").map_or(part, |(_, rest)| rest));
    parts.collect()
}

fn brotli(content: &[u8]) -> Result<Vec<u8>, Failure> {
    let best = brotli::enc::BrotliEncoderParams { size_hint: content.len(), ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut compressed, &best)?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

/// Writes modules one below the other, each after those it imports. All share one scope then, so a name may be
/// declared once; the build says which is not.
#[derive(Default)]
struct Linker {
    linked: HashSet<String>,
    names: HashSet<String>,
    exports: HashSet<(String, String)>,
    script: String,
}

impl Linker {
    fn link(entry: &str) -> Result<String, Failure> {
        let mut linker = Self::default();
        linker.add(entry)?;
        Ok(linker.script)
    }

    fn add(&mut self, module: &str) -> Result<(), Failure> {
        if !self.linked.insert(module.to_owned()) {
            return Ok(());
        }
        for line in read(module)?.lines() {
            if line.starts_with("import ") {
                self.import(module, line)?;
            } else if line.starts_with("export { ") {
                self.hand_on(module, line)?;
            } else {
                self.declare(module, line)?;
            }
        }
        Ok(())
    }

    /// Takes `import { one, another } from './other.js';`, the one form that the pages use, and answers the names.
    fn import<'a>(&mut self, module: &str, line: &'a str) -> Result<Vec<&'a str>, Failure> {
        let clauses = line.split_once("{ ").and_then(|(_, rest)| rest.split_once(" } from './"));
        let parts = clauses.and_then(|(names, rest)| Some((names, rest.strip_suffix("';")?)));
        let (names, other) = parts.ok_or_else(|| format!("{module}: not understood: {line}"))?;
        self.add(other)?;
        let names: Vec<_> = names.split(", ").collect();
        for wanted in &names {
            if !self.exports.contains(&(other.to_owned(), (*wanted).to_owned())) {
                return Err(format!("{module}: {other} exports no {wanted}").into());
            }
        }
        Ok(names)
    }

    /// Takes `export { one, another } from './other.js';`.
    fn hand_on(&mut self, module: &str, line: &str) -> Result<(), Failure> {
        for name in self.import(module, line)? {
            self.exports.insert((module.to_owned(), name.to_owned()));
        }
        Ok(())
    }

    /// Takes any other line, and notes what it declares and exports.
    fn declare(&mut self, module: &str, line: &str) -> Result<(), Failure> {
        let bare = line.strip_prefix("export ").unwrap_or(line);
        if let Some(name) = declared(bare) {
            // As in `const [one, another] = …`: the names would be checked by nothing.
            if name.is_empty() {
                return Err(format!("{module}: declare one name a line: {line}").into());
            }
            if !self.names.insert(name.clone()) {
                return Err(format!("{module}: another module declares {name}, too").into());
            }
            if bare != line {
                self.exports.insert((module.to_owned(), name));
            }
        } else if bare != line {
            return Err(format!("{module}: not understood: {line}").into());
        }
        self.script.push_str(bare);
        self.script.push('\n');
        Ok(())
    }
}

/// The script in as few characters as a library knows how: without comments, white space and what nothing uses, with short
/// names. It stays in the language of 2020, which the pages are written in.
fn minified(script: &str) -> Result<String, Failure> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, script, SourceType::mjs()).parse();
    if let Some(error) = parsed.diagnostics.first() {
        return Err(error.clone().with_source_code(script.to_owned()).to_string().into());
    }
    let mut program = parsed.program;
    let checked = SemanticBuilder::new().build(&program).semantic.into_scoping();
    let is_known = |name: &str| BROWSER.split(' ').any(|known| known == name);
    if let Some(name) = checked.root_unresolved_references().keys().find(|name| !is_known(name.as_str())) {
        return Err(format!("a script uses {name}, which it does not declare").into());
    }
    let compress =
        CompressOptions { target: EngineTargets::from_target("es2020")?, ..CompressOptions::smallest() };
    let options = MinifierOptions {
        compress: Some(compress),
        mangle: Some(MangleOptions::default()),
        ..MinifierOptions::default()
    };
    let made = Minifier::new(options).minify(&allocator, &mut program);
    let written = Codegen::new().with_options(CodegenOptions::minify()).with_scoping(made.scoping);
    Ok(written.with_private_member_mappings(made.class_private_mappings).build(&program).code)
}

/// The name that a line declares for the whole module.
fn declared(line: &str) -> Option<String> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let kinds = ["const ", "let ", "function ", "class "];
    let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
    Some(rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$')).collect())
}

/// Cargo runs this in the package's folder.
fn read(file: &str) -> Result<String, Failure> {
    let path = Path::new("assets").join(file);
    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}
