package pe_test

import (
	"testing"

	"pgregory.net/rapid"

	"usmtpkg/locate/pe"
)

func TestParseVersion(t *testing.T) {
	tests := []struct {
		in   string
		want pe.Version
	}{
		{"10.0.26100.1", pe.Version{10, 0, 26100, 1}},
		{"6.1.7601.17514", pe.Version{6, 1, 7601, 17514}},
		{"0.0.0.0", pe.Version{}},
		{"65535.65535.65535.65535", pe.Version{65535, 65535, 65535, 65535}},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := pe.ParseVersion(tt.in)
			if err != nil || got != tt.want {
				t.Errorf("ParseVersion(%q) = %v, %v, want %v", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestParseVersionRefuses(t *testing.T) {
	const number = "wanted a number of 0 to 65535 without leading zeros"
	tests := []struct {
		in, want string
	}{
		{"", `parsing version "": found 1 numbers, wanted 4`},
		{"10.0.26100", `parsing version "10.0.26100": found 3 numbers, wanted 4`},
		{"10.0.26100.1.0", `parsing version "10.0.26100.1.0": found 5 numbers, wanted 4`},
		{"10.0.65536.1", `parsing version "10.0.65536.1": found "65536", ` + number},
		{"10.0..1", `parsing version "10.0..1": found "", ` + number},
		{"10.0.026100.1", `parsing version "10.0.026100.1": found "026100", ` + number},
		{"10.0.+1.1", `parsing version "10.0.+1.1": found "+1", ` + number},
		{"10.0.-1.1", `parsing version "10.0.-1.1": found "-1", ` + number},
		{" 10.0.1.1", `parsing version " 10.0.1.1": found " 10", ` + number},
		{"10.0.1.1\n", `parsing version "10.0.1.1\n": found "1\n", ` + number},
		{"10.0.1_0.1", `parsing version "10.0.1_0.1": found "1_0", ` + number},
		{"10.0.٣.1", `parsing version "10.0.٣.1": found "٣", ` + number},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			if got, err := pe.ParseVersion(tt.in); err == nil || err.Error() != tt.want {
				t.Errorf("ParseVersion(%q) = %v, %v, want error %q", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestParseVersionReadsWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var v pe.Version
		for i := range v {
			v[i] = rapid.Uint16().Draw(t, "number")
		}
		if got, err := pe.ParseVersion(v.String()); err != nil || got != v {
			t.Errorf("ParseVersion(%q) = %v, %v, want %v", v.String(), got, err, v)
		}
	})
}

func TestVersionCompare(t *testing.T) {
	ascending := []pe.Version{{}, {6, 1, 7601, 17514}, {7, 0, 1, 0}, {10, 0, 9999, 1}, {10, 0, 26100, 1}, {10, 0, 26100, 2454}, {10, 1, 0, 0}}
	for i, v := range ascending {
		for j, u := range ascending {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := v.Compare(u); got != want {
				t.Errorf("%v.Compare(%v) = %d, want %d", v, u, got, want)
			}
		}
		if got := v.IsZero(); got != (i == 0) {
			t.Errorf("%v.IsZero() = %v, want %v", v, got, i == 0)
		}
	}
}

func TestMachineString(t *testing.T) {
	tests := []struct {
		machine pe.Machine
		want    string
	}{
		{pe.AMD64, "amd64"},
		{pe.ARM64, "arm64"},
		{pe.I386, "x86"},
		{0x01c4, "machine 0x01c4"},
		{0, "machine 0x0000"},
	}
	for _, tt := range tests {
		if got := tt.machine.String(); got != tt.want {
			t.Errorf("Machine(%#x).String() = %q, want %q", uint16(tt.machine), got, tt.want)
		}
	}
}
