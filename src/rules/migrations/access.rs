//! Who may see and do what, and how objects behave: silent unless the policy names the rule.

use super::say::{About, asked_about, rule};
use super::script::Hit;
use crate::domain::finding::Category::{Reliability, Security};
use crate::domain::finding::Confidence::Medium;
use crate::domain::finding::Severity::Info;
use crate::rules::Rule;

pub(super) const POLICY_CREATED: Rule = rule(
    About {
        code: "migration/policy-created",
        title: "A row security policy is created on an existing table",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-create-policy"],
        page: include_str!("../../../fixtures/rules/migration/policy-created.md"),
    },
    Security,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/policy-created", Hit::BanCreatePolicy),
            |at| format!("Who sees which rows changes: `{}`", at.snippet()),
            "A further permissive policy lets more rows through, a restrictive one fewer, for every role that it names.",
            "Test it with each role before and after, and release it apart from other changes.",
        );
    },
);

pub(super) const POLICY_CONDITION_CHANGED: Rule = rule(
    About {
        code: "migration/policy-condition-changed",
        title: "The condition of a row security policy is changed",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-alter-policy-condition"],
        page: include_str!("../../../fixtures/rules/migration/policy-condition-changed.md"),
    },
    Security,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/policy-condition-changed", Hit::BanAlterPolicyCondition),
            |at| format!("Who sees which rows changes: `{}`", at.snippet()),
            "With the commit, queries of every role that the policy names return other rows, and writes are accepted or \
             refused differently.",
            "Test it with each role before and after.",
        );
    },
);

pub(super) const POLICY_ROLES_CHANGED: Rule = rule(
    About {
        code: "migration/policy-roles-changed",
        title: "The roles of a row security policy are changed",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-alter-policy-roles"],
        page: include_str!("../../../fixtures/rules/migration/policy-roles-changed.md"),
    },
    Security,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/policy-roles-changed", Hit::BanAlterPolicyRoles),
            |at| format!("The policy holds for other roles: `{}`", at.snippet()),
            "Roles that are no longer named may lose every row, or see all of them through another policy.",
            "Test it with each role before and after.",
        );
    },
);

pub(super) const ROW_SECURITY_CHANGED: Rule = rule(
    About {
        code: "migration/row-security-changed",
        title: "Row level security of an existing table is switched",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-alter-row-level-security"],
        page: include_str!("../../../fixtures/rules/migration/row-security-changed.md"),
    },
    Security,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/row-security-changed", Hit::BanAlterRowLevelSecurity),
            |at| format!("Which rows roles see changes at once: `{}`", at.snippet()),
            "Enabled without a policy, nobody but the owner sees a row; disabled, everybody with a grant sees all.",
            "Create the policies in the same transaction, and test with each role.",
        );
    },
);

pub(super) const PRIVILEGE_REVOKED: Rule = rule(
    About {
        code: "migration/privilege-revoked",
        title: "A privilege or membership is taken away",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-revoke"],
        page: include_str!("../../../fixtures/rules/migration/privilege-revoked.md"),
    },
    Security,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/privilege-revoked", Hit::BanRevoke),
            |at| format!("Somebody loses access with the commit: `{}`", at.snippet()),
            "Connections of running instances that count on the privilege fail from then on.",
            "Find out which roles use it (`pg_stat_activity`, audit logs), move them away, then revoke.",
        );
    },
);

pub(super) const FUNCTION_OPTIONS_CHANGED: Rule = rule(
    About {
        code: "migration/function-options-changed",
        title: "Options of a function are changed",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-alter-function-options"],
        page: include_str!("../../../fixtures/rules/migration/function-options-changed.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/function-options-changed", Hit::BanAlterFunctionOptions),
            |at| format!("A function behaves differently from here on: `{}`", at.snippet()),
            "Volatility decides what the planner may leave out, `SECURITY DEFINER` whose rights count, and a setting \
             holds during every call.",
            "Change it apart from schema migrations, where it can be watched and taken back.",
        );
    },
);

pub(super) const VIEW_OPTIONS_CHANGED: Rule = rule(
    About {
        code: "migration/view-options-changed",
        title: "Options of a view are changed",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-alter-view-options"],
        page: include_str!("../../../fixtures/rules/migration/view-options-changed.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/view-options-changed", Hit::BanAlterViewOptions),
            |at| format!("A view behaves differently from here on: `{}`", at.snippet()),
            "`security_invoker`, `security_barrier` and `check_option` decide whose rights count and which writes pass.",
            "Change it apart from schema migrations, where it can be watched and taken back.",
        );
    },
);

pub(super) const ROLE_OPTIONS_CHANGED: Rule = rule(
    About {
        code: "migration/role-options-changed",
        title: "Options or settings of a role are changed",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-alter-role-options"],
        page: include_str!("../../../fixtures/rules/migration/role-options-changed.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/role-options-changed", Hit::BanAlterRoleOptions),
            |at| format!("A role behaves differently from here on: `{}`", at.snippet()),
            "Roles belong to the whole server: other databases and services that connect with this one change as well.",
            "Change it apart from schema migrations, where it can be watched and taken back.",
        );
    },
);

pub(super) const DATABASE_OPTIONS_CHANGED: Rule = rule(
    About {
        code: "migration/database-options-changed",
        title: "Options or settings of a database are changed",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-alter-database-options"],
        page: include_str!("../../../fixtures/rules/migration/database-options-changed.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/database-options-changed", Hit::BanAlterDatabaseOptions),
            |at| format!("The database behaves differently from here on: `{}`", at.snippet()),
            "New connections of every service get the setting, those that are open do not: for a while both are in use.",
            "Change it apart from schema migrations, where it can be watched and taken back.",
        );
    },
);

pub(super) const SYSTEM_OPTIONS_CHANGED: Rule = rule(
    About {
        code: "migration/system-options-changed",
        title: "Server configuration is changed by a migration",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-alter-system-options"],
        page: include_str!("../../../fixtures/rules/migration/system-options-changed.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/system-options-changed", Hit::BanAlterSystemOptions),
            |at| format!("The whole server is configured here: `{}`", at.snippet()),
            "`ALTER SYSTEM` writes to the configuration of the server, for every database on it, and overrides what its \
             operators set.",
            "Change it apart from schema migrations, where it can be watched and taken back.",
        );
    },
);

pub(super) const EXTENSION_CHANGED: Rule = rule(
    About {
        code: "migration/extension-changed",
        title: "An extension is updated or moved",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-alter-extension"],
        page: include_str!("../../../fixtures/rules/migration/extension-changed.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/extension-changed", Hit::BanAlterExtension),
            |at| format!("An extension changes under running code: `{}`", at.snippet()),
            "An update runs the scripts of the extension, which may replace functions and types, and cannot be taken \
             back.",
            "Change it apart from schema migrations, where it can be watched and taken back.",
        );
    },
);
