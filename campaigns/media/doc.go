// Package media keeps the pictures of mails. What is uploaded is decoded and encoded anew, so that nothing but pixels
// gets through: no place where a photo was taken, no script behind a picture, no picture that fills the memory. A picture
// is stored under the hash of what it is and served for ever under an address that never changes.
//
// PNG, JPEG, GIF and WebP are read; SVG is a program and is refused.
package media
