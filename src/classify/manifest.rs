//! Dependency manifests: which lines of them name a dependency.

use crate::domain::change::FileChange;

pub fn is_manifest(name: &str) -> bool {
    matches!(
        name,
        "Cargo.toml"
            | "Gemfile"
            | "Pipfile"
            | "build.gradle"
            | "build.gradle.kts"
            | "composer.json"
            | "go.mod"
            | "mix.exs"
            | "package.json"
            | "pom.xml"
            | "pyproject.toml"
            | "setup.py"
    ) || is_requirements(name)
        || name.ends_with(".csproj")
}

fn is_requirements(name: &str) -> bool {
    name.starts_with("requirements") && (name.ends_with(".txt") || name.ends_with(".in"))
}

/// Added head lines that name a dependency, with their text.
pub fn dependency_lines(file: &FileChange) -> Vec<(u32, String)> {
    let Some(text) = file.head_text() else { return Vec::new() };
    let name = file.path.file_name();
    let mut sections = Sections::default();
    let added: std::collections::BTreeSet<u32> = file.added_lines().collect();
    let mut found = Vec::new();
    for (number, line) in text.lines() {
        let trimmed = line.trim();
        sections.enter(name, trimmed);
        if added.contains(&number) && names_dependency(name, trimmed, &sections) {
            found.push((number, trimmed.to_owned()));
        }
    }
    found
}

/// Whether the place in the file is one for dependencies.
#[derive(Default)]
struct Sections {
    inside: bool,
}

impl Sections {
    fn enter(&mut self, name: &str, line: &str) {
        match name {
            "Cargo.toml" | "pyproject.toml" | "Pipfile" => {
                if line.starts_with('[') && line.ends_with(']') {
                    let section = line.trim_matches(['[', ']']);
                    self.inside = section.contains("dependencies") || section.contains("packages");
                } else if line.starts_with("dependencies = [") {
                    self.inside = true;
                } else if line == "]" {
                    self.inside = false;
                }
            }
            "package.json" | "composer.json" => {
                if line.ends_with('{') {
                    self.inside = line.contains("ependencies\"") || line.contains("\"require");
                } else if line.starts_with('}') {
                    self.inside = false;
                }
            }
            "go.mod" => match line {
                "require (" => self.inside = true,
                ")" => self.inside = false,
                _ => {}
            },
            _ => {}
        }
    }
}

fn names_dependency(name: &str, line: &str, sections: &Sections) -> bool {
    let sound = !line.is_empty() && !line.starts_with(['#', '/']);
    let fits = match name {
        "Cargo.toml" | "Pipfile" => sections.inside && line.contains('='),
        "pyproject.toml" => {
            sections.inside && line.starts_with(['"', '\'']) || {
                sections.inside && line.contains(" = ")
            }
        }
        "package.json" | "composer.json" => sections.inside && line.contains("\": \""),
        "go.mod" => {
            line.starts_with("require ") && !line.ends_with('(')
                || (sections.inside && line.contains(" v") && !line.contains("// indirect"))
        }
        "Gemfile" => line.starts_with("gem "),
        "pom.xml" => line.starts_with("<artifactId>"),
        "build.gradle" | "build.gradle.kts" => {
            ["implementation", "api", "compileOnly", "runtimeOnly", "testImplementation"]
                .iter()
                .any(|word| line.starts_with(word))
        }
        "mix.exs" => line.starts_with("{:"),
        "setup.py" => line.contains("==") || line.contains(">="),
        _ if name.ends_with(".csproj") => line.contains("<PackageReference"),
        _ => !line.starts_with('-'),
    };
    sound && fits
}
