//! A token store of one's own, on a directory of files, and the contract suite run on it:
//! `cargo run --example custom_store`, or `cargo test --example custom_store` for one test of each check.

use komerza_connect::{
    StoreError, StoredToken, TokenStore, TokenVersion, UserId, async_trait,
    store::contract::{Claim, Contract},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// One file for each user, named by the hexadecimal digits of the id: exact, and no character means anything to a file system.
///
/// A save writes a new file, waits until it is on the disk, and renames it into place, which is atomic: an observer sees the
/// old record or the new one. Removals and renames take a lock, so that `delete_if` compares and removes in one step, also
/// between processes.
///
/// A file that is missing means "no record" only while the directory has its mark: where a disk is not mounted, the bare mount point
/// has neither, and that is an outage.
#[derive(Debug, Clone)]
pub struct Directory {
    path: Arc<Path>,
}

impl Directory {
    /// Makes the directory what it is to this store. Once, when the app is set up: at every start it would hide that a disk is away.
    pub fn create(path: impl AsRef<Path>) -> io::Result<()> {
        fs::create_dir_all(&path)?;
        private().open(path.as_ref().join(MARK))?.sync_all()
    }

    /// Uses a directory that was made so. It is kept as passwords are kept.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into().into() }
    }

    /// Runs file operations on a thread that may wait. Once begun they are carried out to the end, also if nobody waits any more.
    async fn blocking<T: Send + 'static>(
        &self,
        user: &UserId,
        act: impl FnOnce(&Directory, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (store, user) = (self.clone(), user.clone());
        let name = move || user.as_str().bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        tokio::task::spawn_blocking(move || act(&store, &name())).await.map_err(StoreError::unavailable)?
    }

    /// The record's file. The name of a file has at most 255 bytes and these have up to 510: what goes beyond is a level below.
    fn file(&self, name: &str) -> PathBuf {
        let levels = name.as_bytes().chunks(200).map(String::from_utf8_lossy);
        let file = levels.fold(self.path.to_path_buf(), |path, level| path.join(&*level));
        file.with_extension("record")
    }

    fn read(&self, name: &str) -> Result<Option<StoredToken>, StoreError> {
        match fs::read_to_string(self.file(name)) {
            Ok(text) => StoredToken::from_text(&text).map(Some),
            // No record, if this is the directory and not the empty place where its disk should be.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.is_there().map(|()| None).map_err(StoreError::unavailable)
            }
            Err(error) => Err(StoreError::unavailable(error)),
        }
    }

    fn is_there(&self) -> io::Result<()> {
        fs::metadata(self.path.join(MARK)).map(drop)
    }

    /// Held by writers until it is dropped, against those of this process and of others.
    fn lock(&self) -> io::Result<File> {
        // The mark, which is not made here: without it there is nothing to write to either.
        let lock = File::options().write(true).open(self.path.join(MARK))?;
        lock.lock()?;
        Ok(lock)
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let file = self.file(name);
        let folder = file.parent().unwrap_or(&self.path);
        let _lock = self.lock()?;
        fs::create_dir_all(folder)?;
        let draft = folder.join("draft");
        let mut new = private().truncate(true).open(&draft)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        fs::rename(draft, &file)?;
        // The names must be on the disk too, or a power cut brings the old record back.
        let folders = folder.ancestors().take_while(|folder| folder.starts_with(&*self.path));
        folders.map(File::open).try_for_each(|folder| folder?.sync_all())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let file = self.file(name);
        match fs::remove_file(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => File::open(file.parent().unwrap_or(&self.path))?.sync_all(),
        }
    }
}

/// The file that says "this is the directory", and that writers lock.
const MARK: &str = "komerza-tokens";

/// Opens files for writing, and makes them for their owner alone.
fn private() -> OpenOptions {
    let mut options = File::options();
    options.create(true).write(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[async_trait]
impl TokenStore for Directory {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        self.blocking(user, |store, name| store.read(name)).await
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        let text = token.to_text();
        self.blocking(user, move |store, name| store.write(name, &text).map_err(StoreError::unavailable)).await
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        let remove = |store: &Directory, name: &str| store.lock().and_then(|_lock| store.remove(name));
        self.blocking(user, move |store, name| remove(store, name).map_err(StoreError::unavailable)).await
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        let version = *version;
        self.blocking(user, move |store, name| {
            let _lock = store.lock().map_err(StoreError::unavailable)?;
            let same = store.read(name)?.is_some_and(|token| *token.version() == version);
            if same {
                store.remove(name).map_err(StoreError::unavailable)?;
            }
            Ok(same)
        })
        .await
    }
}

/// The contract, with all that this store claims: it outlives restarts, its records may be damaged, its disk may be away.
#[allow(clippy::expect_used, reason = "it sets up a test")]
fn contract() -> Contract {
    let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
    Directory::create(directory.path()).expect("a directory for records");
    let empty = Arc::new(tempfile::tempdir().expect("a place where a disk should be"));
    let damaged = directory.clone();
    Contract::new(move || {
        let directory = directory.clone();
        async move { Directory::new(directory.path()) }
    })
    .any_id()
    .outlives_restarts()
    .shared_by_nodes()
    .without(Claim::Replaces, "keys are not sealed anew here")
    .without(Claim::Lists, "nobody asks who is connected")
    .without(Claim::Network, "it needs none")
    .damaged_by(move |user| {
        let damage = damaged.clone();
        async move {
            let store = Directory::new(damage.path());
            let damage = store
                .blocking(&user, |store, name| store.write(name, "half of a rec").map_err(StoreError::unavailable));
            damage.await.expect("the record is damaged");
        }
    })
    // The mount point is there, and the disk is not.
    .unreachable(move || {
        let empty = empty.clone();
        async move { Directory::new(empty.path()) }
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let passed = contract().check().await?;
    for check in passed.checks() {
        println!("passed: {check}");
    }
    println!("{passed}");
    Ok(())
}

#[cfg(test)]
mod tests {
    komerza_connect::token_store_contract!(super::contract(), any_id, restarts, nodes, damage, unreachable);
}
