//! An array that several tasks write to at once, each its own places.

use std::marker::PhantomData;

pub struct Shared<'a> {
    values: *mut f32,
    owner: PhantomData<&'a mut [f32]>,
}

// SAFETY: whoever writes through `at` answers for no place having two users at once.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    pub fn new(values: &'a mut [f32]) -> Self {
        Self { values: values.as_mut_ptr(), owner: PhantomData }
    }

    /// # Safety
    /// `index` lies inside the array.
    pub unsafe fn at(&self, index: usize) -> *mut f32 {
        unsafe { self.values.add(index) }
    }
}
