//! What a workload may do to its node: `kubernetes/privileged-container`,
//! `kubernetes/dangerous-capability`, `kubernetes/run-as-root`, `kubernetes/privilege-escalation`,
//! `kubernetes/host-namespace`, `kubernetes/runtime-socket`.

use super::manifest::{Container, Object, Problem, entry_lines, report, true_entry};
use crate::domain::change::FileChange;
use crate::domain::finding::Severity;
use crate::rules::parse::tree::{Entry, Node};
use crate::rules::{Draft, Findings, RuleContext};

/// Calls `find` for each container and its security context.
fn contexts(
    objects: &[Object<'_>],
    find: impl Fn(&Object<'_>, &Container<'_>, &Node) -> Vec<Problem>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for object in objects {
        for container in object.containers() {
            if let Some(settings) = container.node.get("securityContext") {
                problems.extend(find(object, &container, settings));
            }
        }
    }
    problems
}

fn problem(symbol: String, what: &str, entry: &Entry, draft: Draft) -> Problem {
    Problem {
        key: format!("{symbol} {what}"),
        lines: entry_lines(entry),
        draft: Draft { symbol: Some(symbol), ..draft },
    }
}

pub(super) fn privileged(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    report(context, file, findings, |objects| {
        contexts(objects, |object, container, settings| {
            let entry = true_entry(settings, "privileged");
            let draft = Draft {
                title: format!("Container `{}` is privileged", container.name),
                evidence:
                    "A privileged container has all capabilities and all devices of the node: \
                           whoever takes it over has the node, and with it every pod there."
                        .to_owned(),
                recommendation: "Remove `privileged`; add the one capability or device that is \
                                 needed."
                    .to_owned(),
                ..Draft::default()
            };
            entry
                .map(|e| problem(container.symbol(object), "privileged", e, draft))
                .into_iter()
                .collect()
        })
    });
}

/// Capabilities that are as good as root on the node, or let a pod act for others on its network.
const DANGEROUS: &[&str] = &[
    "ALL",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "NET_ADMIN",
    "BPF",
    "DAC_READ_SEARCH",
    "MAC_ADMIN",
    "SYS_BOOT",
];

pub(super) fn capabilities(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    report(context, file, findings, |objects| {
        contexts(objects, |object, container, settings| {
            let added = settings.path(&["capabilities", "add"]).map_or(&[][..], Node::items);
            let mut problems = Vec::new();
            for item in added {
                let name = item.as_str().unwrap_or("").to_ascii_uppercase();
                let name = name.strip_prefix("CAP_").unwrap_or(&name);
                if !DANGEROUS.contains(&name) {
                    continue;
                }
                let symbol = container.symbol(object);
                problems.push(Problem {
                    key: format!("{symbol} {name}"),
                    lines: crate::domain::diff::LineRange::line(item.line()),
                    draft: Draft {
                        title: format!(
                            "Container `{}` is given the capability `{name}`",
                            container.name
                        ),
                        evidence:
                            "It lets a process step over the border of its container: to the \
                                   node's kernel, to other processes, or to the traffic of others."
                                .to_owned(),
                        recommendation:
                            "Drop `ALL` and add only what the program is known to need.".to_owned(),
                        symbol: Some(symbol),
                        severity: matches!(name, "NET_ADMIN" | "SYS_PTRACE")
                            .then_some(Severity::Minor),
                        ..Draft::default()
                    },
                });
            }
            problems
        })
    });
}

pub(super) fn run_as_root(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    report(context, file, findings, |objects| {
        let mut problems = contexts(objects, |object, container, settings| {
            root_entry(settings)
                .map(|entry| {
                    root(container.symbol(object), format!("Container `{}`", container.name), entry)
                })
                .into_iter()
                .collect()
        });
        for object in objects {
            let settings = object.pod_spec().and_then(|pod| pod.get("securityContext"));
            let Some(entry) = settings.and_then(root_entry) else { continue };
            // Containers may each say better.
            let containers = object.containers();
            let overridden = !containers.is_empty()
                && containers.iter().all(|container| {
                    let user = container.node.path(&["securityContext", "runAsUser"]);
                    user.and_then(Node::as_i64).is_some_and(|user| user > 0)
                });
            if !overridden {
                problems.push(root(object.label(), format!("`{}`", object.label()), entry));
            }
        }
        problems
    });
}

fn root_entry(settings: &Node) -> Option<&Entry> {
    let user = settings.entry("runAsUser").filter(|entry| entry.value.as_i64() == Some(0));
    let allowed =
        settings.entry("runAsNonRoot").filter(|entry| entry.value.as_bool() == Some(false));
    let other_user = settings.get("runAsUser").and_then(Node::as_i64).is_some_and(|user| user > 0);
    user.or(allowed.filter(|_| !other_user))
}

fn root(symbol: String, who: String, entry: &Entry) -> Problem {
    let draft = Draft {
        title: format!("{who} is set to run as root"),
        evidence: format!(
            "`{}: {}` asks for it. Root in a container is root on the node as soon as one mount or \
             one kernel flaw gives way.",
            entry.name(),
            entry.value.as_str().unwrap_or("")
        ),
        recommendation:
            "Set `runAsNonRoot: true` and a `runAsUser` above 0, and give that user the \
                         files that it writes (`fsGroup`)."
                .to_owned(),
        ..Draft::default()
    };
    problem(symbol, "root", entry, draft)
}

pub(super) fn escalation(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    report(context, file, findings, |objects| {
        contexts(objects, |object, container, settings| {
            let entry = true_entry(settings, "allowPrivilegeEscalation");
            let draft = Draft {
                title: format!("Container `{}` may gain privileges", container.name),
                evidence:
                    "`allowPrivilegeEscalation: true` lets a setuid program in the image make \
                           the process root, whatever `runAsUser` says."
                        .to_owned(),
                recommendation: "Set it to `false`; few programs need it.".to_owned(),
                ..Draft::default()
            };
            entry
                .map(|e| problem(container.symbol(object), "escalation", e, draft))
                .into_iter()
                .collect()
        })
    });
}

pub(super) fn host_namespace(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    const SHARED: [(&str, &str); 3] = [
        ("hostNetwork", "sees and binds the node's ports, past every network policy"),
        ("hostPID", "sees and may signal every process of the node, environment included"),
        ("hostIPC", "shares memory with the processes of the node"),
    ];
    report(context, file, findings, |objects| {
        let mut problems = Vec::new();
        for object in objects {
            let Some(pod) = object.pod_spec() else { continue };
            for (key, effect) in SHARED {
                let Some(entry) = true_entry(pod, key) else { continue };
                // Agents that look after the node itself need its network or processes.
                let agent = object.kind == "DaemonSet" && key != "hostIPC";
                let draft = Draft {
                    title: format!("`{}` shares the node's namespace (`{key}`)", object.label()),
                    evidence: format!("The pod {effect}."),
                    recommendation: format!("Remove `{key}`, unless the pod administers the node."),
                    severity: agent.then_some(Severity::Minor),
                    ..Draft::default()
                };
                problems.push(problem(object.label(), key, entry, draft));
            }
        }
        problems
    });
}

/// Sockets by which a pod commands the container runtime.
const SOCKETS: &[&str] = &["docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock"];

pub(super) fn runtime_socket(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    report(context, file, findings, |objects| {
        let mut problems = Vec::new();
        for object in objects {
            let volumes = object.pod_spec().and_then(|pod| pod.get("volumes"));
            for volume in volumes.map_or(&[][..], Node::items) {
                let Some(entry) = volume.get("hostPath").and_then(|host| host.entry("path")) else {
                    continue;
                };
                let path = entry.value.as_str().unwrap_or("");
                if path != "/" && !SOCKETS.iter().any(|socket| path.ends_with(socket)) {
                    continue;
                }
                let what = if path == "/" {
                    "The whole file system of the node is in the pod: keys, other pods' secrets and \
                     all."
                } else {
                    "By this socket the pod can start containers as root on the node, with any of \
                     its directories."
                };
                let agent = object.kind == "DaemonSet" && path == "/" && only_reads(object, volume);
                let instead = if path == "/" {
                    "Mount only the directory that is needed, and read-only."
                } else {
                    "Leave the mount out; build images with a tool that needs no daemon."
                };
                let draft = Draft {
                    title: format!("`{}` mounts `{path}` of the node", object.label()),
                    evidence: what.to_owned(),
                    recommendation: instead.to_owned(),
                    severity: agent.then_some(Severity::Minor),
                    ..Draft::default()
                };
                problems.push(problem(object.label(), path, entry, draft));
            }
        }
        problems
    });
}

/// Whether every container that mounts the volume does so read-only.
fn only_reads(object: &Object<'_>, volume: &Node) -> bool {
    let name = volume.get("name").and_then(Node::as_str);
    let containers = object.containers();
    let mut mounts = containers
        .iter()
        .flat_map(|container| container.node.get("volumeMounts").map_or(&[][..], Node::items))
        .filter(|mount| mount.get("name").and_then(Node::as_str) == name)
        .peekable();
    mounts.peek().is_some()
        && mounts.all(|mount| mount.get("readOnly").and_then(Node::as_bool) == Some(true))
}
