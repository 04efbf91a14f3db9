//! Several captures as one timeline.

use crate::model::Frame;

/// What goes wrong in a source of frames, in words.
pub type SourceError = String;

/// Something that gives frames in the order of its capture.
pub trait FrameSource {
    /// Moves on to the next frame; `false` at the end.
    ///
    /// # Errors
    /// When the rest cannot be read. After that, and after the end, it is not
    /// called any more.
    fn advance(&mut self) -> Result<bool, SourceError>;

    /// The frame that [`FrameSource::advance`] has moved to.
    fn frame(&self) -> Frame<'_>;
}

/// Sources merged by their frames' times, as mergecap(1) does: the earliest
/// first, and of the same time the source that was named first. Each source's
/// own order stays.
#[derive(Debug)]
pub struct Merged<S> {
    sources: Vec<Slot<S>>,
}

#[derive(Debug)]
struct Slot<S> {
    source: S,
    has_frame: bool,
    started: bool,
}

impl<S: FrameSource> Merged<S> {
    /// Merges these.
    pub fn new(sources: impl IntoIterator<Item = S>) -> Self {
        Self {
            sources: sources
                .into_iter()
                .map(|source| Slot {
                    source,
                    has_frame: false,
                    started: false,
                })
                .collect(),
        }
    }

    /// Gives every frame of every source to `take`, with its source's place.
    /// A source that fails is told to `failed` and ends there; the others go on.
    pub fn run(
        mut self,
        mut take: impl FnMut(usize, &Frame<'_>),
        mut failed: impl FnMut(usize, SourceError),
    ) {
        let mut last = None;
        loop {
            for (place, slot) in self.sources.iter_mut().enumerate() {
                if slot.started && last != Some(place) {
                    continue;
                }
                slot.started = true;
                match slot.source.advance() {
                    Ok(there) => slot.has_frame = there,
                    Err(e) => {
                        slot.has_frame = false;
                        failed(place, e);
                    }
                }
            }
            let earliest = self
                .sources
                .iter()
                .enumerate()
                .filter(|(_, s)| s.has_frame)
                .min_by_key(|(place, s)| (s.source.frame().time, *place));
            let Some((place, slot)) = earliest else {
                return;
            };
            take(place, &slot.source.frame());
            last = Some(place);
        }
    }
}
