//! What the manifest promises about memory safety and supply chain; the advisories and licences are checked in CI.

use crate::prelude::*;

fn manifest() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml")).unwrap()
}

fn section<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let lines = manifest.lines().skip_while(|line| *line != format!("[{name}]")).skip(1);
    lines.take_while(|line| !line.starts_with('[')).collect()
}

#[test]
fn t60_unsafe_code_is_forbidden_nothing_runs_at_build_time_and_dependencies_come_from_the_registry() {
    let manifest = manifest();
    assert!(section(&manifest, "workspace.lints.rust").contains(&r#"unsafe_code = "forbid""#));
    assert!(!section(&manifest, "package").iter().any(|line| line.starts_with("build")));
    assert!(!manifest.contains("[build-dependencies]"));
    assert!(!Path::new(env!("CARGO_MANIFEST_DIR")).join("../build.rs").exists());
    // Dependencies come from the registry and bring no defaults unasked.
    let dependencies = [section(&manifest, "workspace.dependencies"), section(&manifest, "dependencies")].concat();
    assert!(dependencies.len() > 60, "the dependencies were not found");
    for table in ["[dependencies.", "[target.", "[patch"] {
        assert!(!manifest.contains(table), "{table}: all dependencies stand in the one table that is read here");
    }
    for line in dependencies {
        assert!(!line.contains("git =") && !line.contains("path =") && !line.contains("\"*\""), "{line}");
        for heavy in ["axum =", "reqwest =", "sqlx =", "redis ="] {
            let asked = if line.contains("workspace = true") { "default-features = true" } else { "\"" };
            let plain = line.contains("default-features = false");
            assert!(!line.starts_with(heavy) || plain || !line.contains(asked), "{line}");
        }
    }
}

#[test]
fn the_readmes_app_and_the_example_minimal_are_the_same_text() {
    let read = |path| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap();
    let (readme, minimal) = (read("README.md"), read("examples/minimal.rs"));
    let (_, block) = readme.split_once("```rust,no_run\n").expect("README shows an app");
    let (block, _) = block.split_once("```").expect("the block ends");
    let head = |line: &&str| line.starts_with("//!") || line.is_empty();
    let app: String = minimal.lines().skip_while(head).flat_map(|line| [line, "\n"]).collect();
    assert_eq!(app, block);
    assert!(minimal.lines().count() <= 25, "{} lines", minimal.lines().count());
}
