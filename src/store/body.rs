//! Bodies of deliveries, compressed. JSON shrinks to about a fifth, which halves the cost of an
//! insertion: the time goes into writing pages.

use bytes::Bytes;

use crate::ports::queue::StoreError;

/// From this size on, compressing takes long enough (some 0.5 ms) to be moved off the runtime.
const LARGE: usize = 512 * 1024;

/// LZ4 cannot make a block smaller than about 1/255 of its text.
const MAXIMAL_RATIO: usize = 255;

pub(super) async fn compress(body: Bytes) -> Result<Vec<u8>, StoreError> {
    if body.len() < LARGE {
        return Ok(lz4_flex::block::compress_prepend_size(&body));
    }
    tokio::task::spawn_blocking(move || lz4_flex::block::compress_prepend_size(&body))
        .await
        .map_err(|_| StoreError::Unavailable("the process is shutting down".to_owned()))
}

/// Undoes [`compress`]. The length in front is checked before memory is set aside for it.
pub(super) fn decompress(stored: &[u8]) -> Result<Vec<u8>, StoreError> {
    let corrupt = || StoreError::Failed("the stored body of a delivery is corrupt".to_owned());
    let (size, block) = lz4_flex::block::uncompressed_size(stored).map_err(|_| corrupt())?;
    if size > block.len().saturating_mul(MAXIMAL_RATIO) {
        return Err(corrupt());
    }
    lz4_flex::block::decompress(block, size).map_err(|_| corrupt())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(body: Vec<u8>) {
            let stored = lz4_flex::block::compress_prepend_size(&body);
            prop_assert_eq!(decompress(&stored).unwrap(), body);
        }

        #[test]
        fn corrupt_bytes_are_an_error_or_text_but_no_panic(stored: Vec<u8>) {
            let _ = decompress(&stored);
        }
    }

    #[test]
    fn extreme_ratios_pass_and_impossible_ones_do_not() {
        let zeros = vec![0_u8; 3_000_000];
        let stored = lz4_flex::block::compress_prepend_size(&zeros);
        assert_eq!(decompress(&stored).unwrap(), zeros);
        assert!(decompress(&[0xff, 0xff, 0xff, 0xff, 0]).is_err());
    }

    #[tokio::test]
    async fn large_bodies_take_the_other_way_with_the_same_result() {
        let body = Bytes::from(vec![b'x'; LARGE + 1]);
        let stored = compress(body.clone()).await.unwrap();
        assert_eq!(decompress(&stored).unwrap(), body);
    }
}
