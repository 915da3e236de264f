//! The README's generated parts are current. `UPDATE_README=1` writes them.

use std::path::Path;

use backend_team::cli;
use backend_team::web::setup;

fn with_part(readme: &str, name: &str, content: &str) -> String {
    let (start, end) = (format!("<!-- {name}: generated -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = readme.split_once(&start).unwrap_or_else(|| panic!("no part {name}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{name} does not end"));
    format!("{before}{start}{content}{end}{after}")
}

#[test]
fn generated_parts_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let current = with_part(&readme, "rules", &cli::rules_table());
    let current = with_part(&current, "policy", &cli::policy_table().unwrap());
    let current = with_part(&current, "settings", &cli::settings_table().unwrap());
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let stale = "run `UPDATE_README=1 cargo test --test it readme`";
    assert!(readme == current || std::env::var_os("UPDATE_README").is_some(), "{stale}");
}

#[test]
fn links_into_the_repository_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let target = link.0.split('#').next().unwrap();
            let elsewhere = target.is_empty() || target.starts_with("http");
            assert!(elsewhere || root.join(target).exists(), "{document}: {target}");
        }
    }
}

#[test]
fn example_files_are_usable() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let policy = std::fs::read_to_string(root.join("policy.example.toml")).unwrap();
    let path = backend_team::domain::path::RepoPath::new("policy.example.toml").unwrap();
    let known = backend_team::rules::known;
    let (_, problems) = backend_team::config::policy::Policy::parse(&policy, &path, known);
    assert_eq!(problems, vec![]);
    backend_team::config::server::SettingsFile::read(&root.join("settings.example.toml")).unwrap();
    let manifest = std::fs::read_to_string(root.join("app-manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let url = "https://backend-team.example.com";
    assert_eq!(manifest, setup::manifest(url, setup::Grant::Least));
}
