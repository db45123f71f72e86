package main

import (
	"image"
	"image/color"
)

// icons draws the program's icon in the sizes of Windows: a box that an arrow goes into.
func icons() []image.Image {
	var list []image.Image
	for _, size := range []int{256, 64, 48, 32, 24, 16} {
		list = append(list, icon(size))
	}
	return list
}

// icon draws it at four points a pixel and direction, which makes the edges smooth.
func icon(size int) image.Image {
	const fine = 4
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			var sum [4]int
			for i := range fine * fine {
				c := iconAt((float64(x)+(float64(i%fine)+0.5)/fine)/float64(size), (float64(y)+(float64(i/fine)+0.5)/fine)/float64(size))
				sum[0] += int(c.R) * int(c.A)
				sum[1] += int(c.G) * int(c.A)
				sum[2] += int(c.B) * int(c.A)
				sum[3] += int(c.A)
			}
			if sum[3] > 0 {
				img.SetNRGBA(x, y, color.NRGBA{uint8(sum[0] / sum[3]), uint8(sum[1] / sum[3]), uint8(sum[2] / sum[3]), uint8(sum[3] / (fine * fine))})
			}
		}
	}
	return img
}

// iconAt is the colour at a point of the icon, from 0, 0 to 1, 1.
func iconAt(x, y float64) color.NRGBA {
	blue, white := color.NRGBA{0x1f, 0x5f, 0xa8, 0xff}, color.NRGBA{0xff, 0xff, 0xff, 0xff}
	inBox := y > 0.42 && y < 0.94 && x > 0.06 && x < 0.94
	inside := y > 0.42 && y < 0.82 && x > 0.18 && x < 0.82
	shaft := x > 0.42 && x < 0.58 && y > 0.06 && y < 0.50
	head := y >= 0.44 && y < 0.72 && abs(x-0.5) < 0.72-y
	switch {
	case shaft || head:
		return color.NRGBA{0x2e, 0x9e, 0x5b, 0xff}
	case inside:
		return white
	case inBox:
		return blue
	}
	return color.NRGBA{}
}

func abs(x float64) float64 { return max(x, -x) }
