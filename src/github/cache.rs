//! Bodies of GET answers by their entity tag: an unchanged answer (304) costs nothing of the
//! hourly budget.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use moka::future::Cache;

/// Bytes of bodies that are kept, over all installations.
const CAPACITY: u64 = 32 * 1024 * 1024;
/// Larger bodies are not kept.
const LARGEST: usize = 2 * 1024 * 1024;
/// What an entry costs beside its body and URL.
const OVERHEAD: usize = 256;

/// Tokens see different things, so an entry belongs to one scope of tokens. GitHub decides with
/// the present token whether the entry may still be shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct CacheKey {
    pub scope: super::call::Scope,
    pub url: String,
}

#[derive(Debug)]
pub(super) struct CachedAnswer {
    pub etag: HeaderValue,
    pub body: Bytes,
    pub next: Option<String>,
}

pub(super) struct AnswerCache(Cache<CacheKey, Arc<CachedAnswer>>);

impl AnswerCache {
    pub fn new() -> Self {
        let weigh = |key: &CacheKey, answer: &Arc<CachedAnswer>| {
            u32::try_from(key.url.len() + answer.body.len() + OVERHEAD).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(CAPACITY).weigher(weigh).build())
    }

    pub async fn get(&self, key: &CacheKey) -> Option<Arc<CachedAnswer>> {
        self.0.get(key).await
    }

    pub async fn forget(&self, key: &CacheKey) {
        self.0.invalidate(key).await;
    }

    pub async fn put(&self, key: CacheKey, answer: CachedAnswer) {
        if answer.body.len() <= LARGEST {
            self.0.insert(key, Arc::new(answer)).await;
        }
    }
}
