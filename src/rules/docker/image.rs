//! Names of images.

/// `[registry/]repository[:tag][@digest]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) struct ImageName<'a> {
    /// With its registry.
    pub repository: &'a str,
    pub tag: Option<&'a str>,
    pub digest: Option<&'a str>,
}

impl<'a> ImageName<'a> {
    pub fn parse(text: &'a str) -> Self {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let last = name.rfind('/').map_or(0, |at| at + 1);
        match name.get(last..).and_then(|end| end.find(':')) {
            Some(colon) => Self {
                repository: name.get(..last + colon).unwrap_or(name),
                tag: name.get(last + colon + 1..),
                digest,
            },
            None => Self { repository: name, tag: None, digest },
        }
    }

    /// Whether another image may come under this name tomorrow, by design.
    pub fn is_floating(&self) -> bool {
        self.digest.is_none() && self.tag.is_none_or(|tag| tag == "latest")
    }

    /// The name without the ways to spell Docker Hub's official images.
    fn short(&self) -> &'a str {
        let name = self.repository;
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        let name = name.strip_prefix("index.docker.io/").unwrap_or(name);
        let name = name.strip_prefix("public.ecr.aws/docker/").unwrap_or(name);
        name.strip_prefix("library/").unwrap_or(name)
    }

    /// Whether the image is known to start as root and to leave it at that: operating systems and
    /// language runtimes. Images whose start script drops its rights (databases), servers with a
    /// root master process, and images that nobody here knows are not among them.
    pub fn starts_as_root(&self) -> bool {
        const OFFICIAL: &[&str] = &[
            "scratch",
            "alpine",
            "debian",
            "ubuntu",
            "fedora",
            "centos",
            "rockylinux",
            "almalinux",
            "amazonlinux",
            "oraclelinux",
            "archlinux",
            "busybox",
            "buildpack-deps",
            "node",
            "python",
            "pypy",
            "golang",
            "rust",
            "ruby",
            "php",
            "perl",
            "openjdk",
            "eclipse-temurin",
            "amazoncorretto",
            "ibm-semeru-runtimes",
            "sapmachine",
            "gradle",
            "maven",
            "erlang",
            "elixir",
            "haskell",
            "swift",
            "julia",
            "clojure",
            "gcc",
            "bash",
            "oven/bun",
            "denoland/deno",
            "azul/zulu-openjdk",
            "mcr.microsoft.com/dotnet/runtime",
            "mcr.microsoft.com/dotnet/aspnet",
            "mcr.microsoft.com/dotnet/sdk",
            "mcr.microsoft.com/dotnet/runtime-deps",
        ];
        let short = self.short();
        let chiselled =
            self.tag.is_some_and(|tag| tag.contains("chiseled") || tag.contains("distroless"));
        if let Some(distroless) = short.strip_prefix("gcr.io/distroless/") {
            let unprivileged = self.tag.is_some_and(|tag| tag.contains("nonroot"));
            // A digest says nothing about the user.
            return !distroless.is_empty() && !unprivileged && self.digest.is_none();
        }
        OFFICIAL.contains(&short) && !chiselled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_names() {
        let name = ImageName::parse("localhost:5000/a/b:1.2@sha256:00");
        assert_eq!(
            (name.repository, name.tag, name.digest),
            ("localhost:5000/a/b", Some("1.2"), Some("sha256:00"))
        );
        assert!(ImageName::parse("localhost:5000/a").is_floating());
        assert!(ImageName::parse("a:latest").is_floating());
        assert!(!ImageName::parse("a:latest@sha256:00").is_floating());
    }

    #[test]
    fn images_that_start_as_root() {
        for yes in ["node:22", "docker.io/library/python:3", "gcr.io/distroless/static", "scratch"]
        {
            assert!(ImageName::parse(yes).starts_as_root(), "{yes}");
        }
        for no in ["gcr.io/distroless/static:nonroot", "postgres:16", "corp/base:1", "nginx"] {
            assert!(!ImageName::parse(no).starts_as_root(), "{no}");
        }
    }
}
