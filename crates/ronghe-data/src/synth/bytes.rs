//! Pixels and samples as the bytes of the plainest files.

/// A 16-bit mono WAV file of the samples, which are cut to `[-1, 1]`.
pub fn wav_bytes(samples: &[f32], rate: u32) -> Vec<u8> {
    let size = (samples.len() * 2) as u32;
    let mut out = Vec::with_capacity(44 + samples.len() * 2);
    out.extend(b"RIFF");
    out.extend((size + 36).to_le_bytes());
    out.extend(b"WAVEfmt ");
    // Length of this chunk, PCM, one channel.
    out.extend(16u32.to_le_bytes());
    out.extend([1, 0, 1, 0]);
    out.extend(rate.to_le_bytes());
    out.extend((rate * 2).to_le_bytes());
    // Bytes a frame, bits a sample.
    out.extend([2, 0, 16, 0]);
    out.extend(b"data");
    out.extend(size.to_le_bytes());
    out.extend(samples.iter().flat_map(|s| ((s.clamp(-1.0, 1.0) * 32_767.0).round() as i16).to_le_bytes()));
    out
}

/// A binary PGM (1 channel) or PPM (3 channels) file of the pixels, row by row, channel last.
pub fn pnm_bytes(height: usize, width: usize, channels: usize, pixels: &[u8]) -> Vec<u8> {
    let magic = if channels == 1 { "P5" } else { "P6" };
    let mut out = format!("{magic} {width} {height} 255\n").into_bytes();
    out.extend(pixels);
    out
}
