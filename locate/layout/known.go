package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"io"

	"usmtpkg/locate/tree"
)

// maxInstaller bounds an installer that is hashed, in bytes. Those of USMT have 0.7 MB.
const maxInstaller = 64 << 20

// Sum returns the SHA-256 of an installer, in lower-case hexadecimal.
func Sum(name string) (string, error) {
	f, err := tree.Open(name, maxInstaller)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Release returns which release of the ADK an installer of USMT with this SHA-256 belongs to, or "". It
// proves nothing: the signature of the installer does that.
func Release(sum string) string { return releases[sum] }

// releases are the installers of USMT as Microsoft's download servers have them.
// Source: lists of the files of ADK layouts, https://github.com/p0w3rsh3ll/ADK; those of 10.1.26100.2454 were seen.
var releases = map[string]string{
	"cc4684fc84c8a709ed7d86f80a99cb6657d52dd31fdb56ef89d89affba177353": "10.1.10586.0",
	"a42f922df624c297d75221099e3594bc4c259b1ce1451bc1d19881eec24a6329": "10.1.14393.0",
	"e67fdbeea2b9cfb189a2fc71d63fa0989676ed785dbaed0b70f8a9778b5362b8": "10.1.15063.0",
	"90aa9a9bbfccc4b1d23232a8e68afa77e65b5be2ddb95a8d6935bc31fc2ec1cb": "10.1.16299.15",
	"01635401895e604c64ca15c2000ec96796dbd18d51e25d2cc4e2f16b1a8aa280": "10.1.17134.1",
	"725b123aa6115bb8a333b00d39270618dae80dd80d09b289d8537e6d8c1d79a5": "10.1.17763.1",
	"6691a79264543b265e7b892ea574f12cd9bf00b0eef685c394b6552ea519f6f5": "10.1.18362.1",
	"0db2adb33fb0b7b3ee024c161a06c858fff893dbf9c212d59010bc06d5467263": "10.1.19041.1",
	"06f4cd64ca3736ccd0b75b90b53f8c65605f4c1235b9ac007c875f7f82d50e9f": "10.1.20348.3694",
	"4533e016ddfee2d7c65f63c03603c78f76dd9ac0456eee4f334b89806db7ef92": "10.1.20348.3694",
	"e828547f85cdbc6f01ceeb52730413766551df0255f1fe10404b8d966c070486": "10.1.20348.3694",
	"b119215c479cd53b7a7efb64e017090e31e952033ddc725810d28b1675385ca4": "10.1.22000.1",
	"c72869e34af269bb70db0491a136fea15983c6aa0de4b53aa61666e62abad03b": "10.1.22000.1",
	"d4acc7eb4917abcb4e7f2e8cae3f7b78a12fe416655a9c59ac032e932945e86d": "10.1.22000.1",
	"ec7a5326dec7e0d3fcc1778d1e11d6d045570d0dbd2dceb32df0c493715d3374": "10.1.22621.1",
	"4cdfce14d1a488ecfd9835ba2733700103dc43bcec32f27f0c7ada558cbac25f": "10.1.22621.5337",
	"66d9e7d7297a46be8a8947e4a1700634222ba17d80223610e83adc06c8d9fa2f": "10.1.22621.5337",
	"cae22f815c6e5cb0ba853285a98743f912b6ffbb5728f155a3edeeb9e62a039a": "10.1.22621.5337",
	"6c04ab1fcb597dbd24578b6e5971013b1e9c0fb88cd95b7b25436971711d0942": "10.1.25398.1",
	"ad38eac6e384ac32e4ac3e0a564cfb85d0ca3645896ed22e92914683f5a25264": "10.1.25398.1",
	"fc68e806e193fb99e49f6bd0f27d12f6b5ed4a011f8daab77c04a4b57e5871dd": "10.1.25398.1",
	"4f932a575fb13fba7485bf776c7d0e485d2c24802abd08b217c152292d14f48c": "10.1.26100.1",
	"76428394fa2226235a525b3bd6da09f2693027646c25f060299579517af981cf": "10.1.26100.1",
	"d9a34c185eecb9f6e7d324d608a2af00c40b937cc13151e2e9a2971b07e1e7b3": "10.1.26100.1",
	"4cd36c2cb5146eb057d92d4f25e3f33e97d9fc40df78c8854eadcf53b59543f1": "10.1.26100.2454",
	"025258af21f4f179f5918c6d1c10c5aaf105c9c2b62ab5ee21bc3985c3293662": "10.1.26100.2454",
	"cb3caffc26edeee23420a6e2a9a2bd5e99719996e942152ada340c9ae9270592": "10.1.26100.2454",
}
