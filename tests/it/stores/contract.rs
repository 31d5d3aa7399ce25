//! The contract suite, over every shipped store.

use komerza_connect::{MemoryStore, TokenStore, store::contract::Contract, token_store_contract};
use std::sync::Arc;

mod memory {
    use super::*;
    token_store_contract!(Contract::new(|| async { MemoryStore::default() }));
}

mod memory_shared {
    use super::*;
    // Clones share their records, which is what two nodes on one database do.
    fn contract() -> Contract {
        let store: Arc<dyn TokenStore> = Arc::new(MemoryStore::default());
        Contract::new(move || {
            let store = store.clone();
            async move { store }
        })
        .outlives_restarts()
    }
    token_store_contract!(contract(), restarts);
}

mod memory_boxed {
    use super::*;
    token_store_contract!(Contract::new(|| async { Box::new(MemoryStore::default()) as Box<dyn TokenStore> }));
}
