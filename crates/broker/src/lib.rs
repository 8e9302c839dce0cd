//! Part of Anabranch.
