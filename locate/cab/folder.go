package cab

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// Sizes of blocks, in bytes.
const (
	blockSize = 32 << 10         // what a block has at most, decompressed
	maxPacked = blockSize + 6144 // and compressed: the most that Microsoft's reader takes
)

// A decompressor decompresses the blocks of a folder in their order.
type decompressor interface {
	// decompress returns the n bytes that a block comes to; they are valid until
	// the next call. A fault of the block is a blockError.
	decompress(block []byte, n int) ([]byte, error)
}

// A blockError says what is wrong with a compressed block.
type blockError string

func (e blockError) Error() string { return string(e) }

func badBlock(format string, args ...any) error {
	return blockError(fmt.Sprintf(format, args...))
}

// A folderData is the decompressed bytes of a folder, as a stream.
type folderData struct {
	ready []byte // the decompressed bytes that follow next
	at    int64  // of ready, in the folder

	decompressor decompressor
	next         func(i int) (*Cabinet, error) // the cabinet that the folder continues in after i others
	c            *Cabinet
	folder       folder // the part of it that is in c
	number       int    // of the folder, for messages
	linked       int
	block        int // of the part in c, the next one
	r            *bufio.Reader
	offset       int64 // where r is, in c
	packed       []byte
	short        bool // the block that was read last was not a whole one
	err          error
}

// openFolder returns the data of the folder that the current file is in.
func (r *Reader) openFolder() (*folderData, error) {
	f := r.first.folders[r.folder]
	d := &folderData{c: r.first, folder: f, number: r.folder, next: r.link, packed: make([]byte, 0, maxPacked)}
	d.start()
	var err error
	d.decompressor, err = newDecompressor(f.compression)
	if err != nil {
		return nil, r.first.malformed(f.offset, "folder %d: %v", r.folder, err)
	}
	return d, nil
}

// newDecompressor returns what decompresses a folder of this type.
func newDecompressor(compression uint16) (decompressor, error) {
	const (
		method = 0x000f
		level  = 0x00f0 // of Quantum
		window = 0x1f00
	)
	bits := int(compression & window >> 8)
	switch compression & method {
	case 0:
		return stored{}, nil
	case 1:
		return newMSZIP(), nil
	case 2:
		return nil, badBlock("it is compressed with Quantum (level %d, window 2^%d), which is not supported", compression&level>>4, bits)
	case 3:
		if bits < minWindow || bits > maxWindow {
			return nil, badBlock("it is compressed with LZX with a window of 2^%d; wanted 2^%d to 2^%d", bits, minWindow, maxWindow)
		}
		return newLZX(bits), nil
	}
	return nil, badBlock("its compression %#04x is not known; wanted stored, MSZIP or LZX", compression)
}

// stored is for folders that are not compressed.
type stored struct{}

func (stored) decompress(block []byte, n int) ([]byte, error) {
	if len(block) != n {
		return nil, badBlock("it is stored in %d bytes; wanted %d", len(block), n)
	}
	return block, nil
}

// start goes to the first block of the part in d.c.
func (d *folderData) start() {
	d.block, d.offset = 0, d.folder.offset
	s := io.NewSectionReader(d.c.r, d.offset, max(0, d.c.end-d.offset))
	if d.r == nil {
		d.r = bufio.NewReaderSize(s, 64<<10)
	} else {
		d.r.Reset(s)
	}
}

// seek goes on to a byte of the folder and makes at least one ready.
func (d *folderData) seek(at int64) error {
	for d.err == nil {
		if n := at - d.at; n < int64(len(d.ready)) {
			d.take(int(n))
			return nil
		}
		d.take(len(d.ready))
		d.err = d.fill()
	}
	return d.err
}

func (d *folderData) take(n int) {
	d.ready = d.ready[n:]
	d.at += int64(n)
}

// fill decompresses the next block.
func (d *folderData) fill() error {
	d.packed = d.packed[:0]
	for {
		if d.block == d.folder.blocks {
			if err := d.goOn(); err != nil {
				return err
			}
			continue
		}
		at, size, err := d.readBlock()
		if err != nil {
			return err
		}
		if size == 0 && d.folder.toNext && d.block == d.folder.blocks {
			continue // the block is continued, too
		}
		if size == 0 || size > blockSize {
			return d.badBlock(at, "it is said to decompress to %d bytes; wanted 1 to %d", size, blockSize)
		}
		if d.short {
			return d.badBlock(at, "the block before it has less than %d bytes, which only the last one of a compressed folder may", blockSize)
		}
		d.short = size < blockSize && d.folder.compression != 0
		if d.ready, err = d.decompressor.decompress(d.packed, size); err != nil {
			return d.badBlock(at, "%v", err)
		}
		return nil
	}
}

// goOn goes to the next cabinet, where the folder continues.
func (d *folderData) goOn() error {
	if !d.folder.toNext {
		return d.c.malformed(d.offset, "folder %d ends after %d bytes, before the end of the file", d.number, d.at)
	}
	c, err := d.next(d.linked)
	if err != nil {
		return err
	}
	d.linked++
	d.c, d.folder, d.number = c, c.folders[0], 0
	d.start()
	return nil
}

func (d *folderData) badBlock(at int64, format string, args ...any) error {
	return d.c.malformed(at, "block %d of folder %d: %s", d.block-1, d.number, fmt.Sprintf(format, args...))
}

// readBlock appends the compressed bytes of the next block to d.packed. It
// returns where the block begins, and the size that it is said to have decompressed.
func (d *folderData) readBlock() (at int64, size int, err error) {
	at = d.offset
	head, err := d.r.Peek(8 + d.c.perData)
	if err != nil {
		return 0, 0, d.c.readError(at, err)
	}
	sum := binary.LittleEndian.Uint32(head)
	n, size := int(binary.LittleEndian.Uint16(head[4:])), int(binary.LittleEndian.Uint16(head[6:]))
	ofHead := checksum(head[4:])
	d.block++
	if len(d.packed)+n > maxPacked {
		return 0, 0, d.badBlock(at, "it has %d bytes, compressed; wanted up to %d", len(d.packed)+n, maxPacked)
	}
	_, _ = d.r.Discard(len(head)) // which were just looked at
	begin := len(d.packed)
	d.packed = d.packed[:begin+n]
	if _, err := io.ReadFull(d.r, d.packed[begin:]); err != nil {
		return 0, 0, d.c.readError(at, err)
	}
	d.offset += int64(len(head) + n)
	if got := checksum(d.packed[begin:]) ^ ofHead; sum != 0 && got != sum {
		return 0, 0, d.badBlock(at, "its checksum is %#08x; wanted %#08x", got, sum)
	}
	return at, size, nil
}

// checksum is that of blocks: the exclusive or of their words.
func checksum(b []byte) uint32 {
	var wide uint64
	for len(b) >= 8 {
		wide ^= binary.LittleEndian.Uint64(b)
		b = b[8:]
	}
	sum := uint32(wide) ^ uint32(wide>>32)
	if len(b) >= 4 {
		sum ^= binary.LittleEndian.Uint32(b)
		b = b[4:]
	}
	var rest uint32 // the last bytes come the other way round
	for _, c := range b {
		rest = rest<<8 | uint32(c)
	}
	return sum ^ rest
}
