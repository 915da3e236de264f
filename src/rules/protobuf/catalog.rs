//! The rules of `buf breaking` and the categories that they belong to.

/// A set of categories.
pub type Categories = u8;

/// Generated code of files keeps working as it is.
pub const FILE: Categories = 1;
/// Generated code of packages keeps working; elements may move between their files.
pub const PACKAGE: Categories = 2;
/// Messages in binary and in JSON form are understood by both versions.
pub const WIRE_JSON: Categories = 4;
/// Messages in binary form are understood by both versions.
pub const WIRE: Categories = 8;

/// Every rule with its categories.
pub const CATALOG: &[(Categories, &[&str])] = &[
    (
        FILE,
        &[
            "EXTENSION_NO_DELETE",
            "SERVICE_NO_DELETE",
            "ENUM_NO_DELETE",
            "FILE_NO_DELETE",
            "MESSAGE_NO_DELETE",
        ],
    ),
    (
        FILE | PACKAGE,
        &[
            "ENUM_SAME_TYPE",
            "FIELD_SAME_CARDINALITY",
            "FIELD_SAME_CPP_STRING_TYPE",
            "FIELD_SAME_JAVA_UTF8_VALIDATION",
            "FIELD_SAME_JSTYPE",
            "FIELD_SAME_UTF8_VALIDATION",
            "FILE_SAME_CC_ENABLE_ARENAS",
            "FILE_SAME_CC_GENERIC_SERVICES",
            "FILE_SAME_CSHARP_NAMESPACE",
            "FILE_SAME_GO_PACKAGE",
            "FILE_SAME_JAVA_GENERIC_SERVICES",
            "FILE_SAME_JAVA_MULTIPLE_FILES",
            "FILE_SAME_JAVA_OUTER_CLASSNAME",
            "FILE_SAME_JAVA_PACKAGE",
            "FILE_SAME_OBJC_CLASS_PREFIX",
            "FILE_SAME_OPTIMIZE_FOR",
            "FILE_SAME_PHP_CLASS_PREFIX",
            "FILE_SAME_PHP_METADATA_NAMESPACE",
            "FILE_SAME_PHP_NAMESPACE",
            "FILE_SAME_PY_GENERIC_SERVICES",
            "FILE_SAME_RUBY_PACKAGE",
            "FILE_SAME_SWIFT_PREFIX",
            "RPC_NO_DELETE",
            "ENUM_VALUE_NO_DELETE",
            "EXTENSION_MESSAGE_NO_DELETE",
            "FIELD_NO_DELETE",
            "FIELD_SAME_TYPE",
            "FILE_SAME_SYNTAX",
            "MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR",
            "ONEOF_NO_DELETE",
        ],
    ),
    (
        FILE | PACKAGE | WIRE_JSON,
        &[
            "ENUM_SAME_JSON_FORMAT",
            "ENUM_VALUE_SAME_NAME",
            "FIELD_SAME_JSON_NAME",
            "FIELD_SAME_NAME",
            "MESSAGE_SAME_JSON_FORMAT",
        ],
    ),
    (
        FILE | PACKAGE | WIRE_JSON | WIRE,
        &[
            "FIELD_SAME_DEFAULT",
            "FIELD_SAME_ONEOF",
            "FILE_SAME_PACKAGE",
            "MESSAGE_SAME_REQUIRED_FIELDS",
            "RESERVED_ENUM_NO_DELETE",
            "RESERVED_MESSAGE_NO_DELETE",
            "RPC_SAME_CLIENT_STREAMING",
            "RPC_SAME_IDEMPOTENCY_LEVEL",
            "RPC_SAME_REQUEST_TYPE",
            "RPC_SAME_RESPONSE_TYPE",
            "RPC_SAME_SERVER_STREAMING",
        ],
    ),
    (
        PACKAGE,
        &[
            "PACKAGE_ENUM_NO_DELETE",
            "PACKAGE_EXTENSION_NO_DELETE",
            "PACKAGE_MESSAGE_NO_DELETE",
            "PACKAGE_NO_DELETE",
            "PACKAGE_SERVICE_NO_DELETE",
        ],
    ),
    (
        WIRE_JSON,
        &[
            "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
            "FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
            "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
            "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
        ],
    ),
    (
        WIRE_JSON | WIRE,
        &["ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED", "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED"],
    ),
    (WIRE, &["FIELD_WIRE_COMPATIBLE_CARDINALITY", "FIELD_WIRE_COMPATIBLE_TYPE"]),
];

/// Rules that have another name now.
const RENAMED: &[(&str, &str)] = &[
    ("FIELD_SAME_LABEL", "FIELD_SAME_CARDINALITY"),
    ("FIELD_SAME_CTYPE", "FIELD_SAME_CPP_STRING_TYPE"),
    ("FILE_SAME_JAVA_STRING_CHECK_UTF8", "FIELD_SAME_JAVA_UTF8_VALIDATION"),
];

/// The rules that a category or rule id stands for.
pub fn rules_of(name: &str) -> Vec<&'static str> {
    let category = match name {
        "FILE" => FILE,
        "PACKAGE" => PACKAGE,
        "WIRE_JSON" => WIRE_JSON,
        "WIRE" => WIRE,
        _ => 0,
    };
    let name = RENAMED.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| new);
    CATALOG
        .iter()
        .flat_map(|(categories, ids)| ids.iter().map(move |id| (*categories, *id)))
        .filter(|(categories, id)| categories & category != 0 || *id == name)
        .map(|(_, id)| id)
        .collect()
}
