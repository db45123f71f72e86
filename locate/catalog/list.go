package catalog

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"usmtpkg/locate/pe/cms"
	"usmtpkg/locate/pe/cms/der"
)

// Object identifiers. Sources: wincrypt.h, mscat.h and wintrust.h of the Windows SDK.
const (
	oidTrustList    = "1.3.6.1.4.1.311.10.1"   // szOID_CTL
	oidCatalogList  = "1.3.6.1.4.1.311.12.1.1" // szOID_CATALOG_LIST
	oidMembersSHA1  = "1.3.6.1.4.1.311.12.1.2" // szOID_CATALOG_LIST_MEMBER: tags are SHA-1 in hexadecimal
	oidMembersV2    = "1.3.6.1.4.1.311.12.1.3" // szOID_CATALOG_LIST_MEMBER2: tags are SHA-256
	oidNameValue    = "1.3.6.1.4.1.311.12.2.1" // CAT_NAMEVALUE_OBJID
	oidIndirectData = "1.3.6.1.4.1.311.2.1.4"  // SPC_INDIRECT_DATA_OBJID
	oidImageData    = "1.3.6.1.4.1.311.2.1.15" // SPC_PE_IMAGE_DATA_OBJID
	oidFlatData     = "1.3.6.1.4.1.311.2.1.25" // SPC_CAB_DATA_OBJID: any file that is hashed as it is; cabinets have 1.3.6.1.4.1.311.2.1.28
)

// fileValue is the name under which a member's file name is listed.
const fileValue = "File"

// A list is the content of a catalog.
type list struct {
	made    time.Time
	members []Member
	unread  int
}

// readList reads the content of a message that was verified.
func readList(sd *cms.SignedData) (list, error) {
	if sd.ContentType != oidTrustList {
		return list{}, fmt.Errorf("a signed message of type %s, not a catalog", sd.ContentType)
	}
	if sd.Content.Tag != der.Sequence {
		return list{}, fmt.Errorf("content of the catalog: found tag %#02x, wanted %#02x", sd.Content.Tag, der.Sequence)
	}
	return parseList(sd.Content.Content)
}

// parseList reads a certificate trust list, which is in DER. The tags of the members are passed over:
// they repeat the digests. An error says that a part of the list could not be read, so that nothing in
// it counts.
func parseList(content []byte) (list, error) {
	var l list
	r := der.NewReader(content)
	if r.Next(der.Integer) {
		if v := r.Number("version of the list"); r.Err() == nil && v != 0 {
			return list{}, fmt.Errorf("version of the list: found %d, wanted 0", v)
		}
	}
	if !catalogUsage(r) {
		return list{}, orUnread(r, "a list for another use than as a catalog")
	}
	r.Skip(der.OctetString, "identifier of the list")
	r.Skip(der.Integer, "sequence number of the list")
	l.made = r.Time("time of the list")
	if r.Next(der.UTCTime) || r.Next(der.GeneralizedTime) {
		return list{}, orUnread(r, "a list that says when the next one is due, which catalogs do not")
	}
	if kind := cms.Algorithm(r, "kind of the members"); r.Err() == nil && kind != oidMembersSHA1 && kind != oidMembersV2 {
		return list{}, fmt.Errorf("a list of members of the kind %s, which is not known", kind)
	}
	members := r.Inside(der.Sequence, "members")
	r.Skip(der.Context(0), "extensions of the list")
	r.End("list")
	for n := 1; members.More(); n++ {
		if n > maxMembers {
			return list{}, fmt.Errorf("a list of more than %d members", maxMembers)
		}
		m, err := readMember(members)
		switch {
		case err != nil:
			return list{}, fmt.Errorf("member %d of the list: %w", n, err)
		case m.Hash == 0:
			l.unread++
		default:
			l.members = append(l.members, m)
		}
	}
	if err := r.Err(); err != nil {
		return list{}, err
	}
	return l, nil
}

// orUnread returns the fault of r, or else an error with a text.
func orUnread(r *der.Reader, text string) error {
	if err := r.Err(); err != nil {
		return err
	}
	return fmt.Errorf("%s", text)
}

// catalogUsage reads what a list is for, and reports whether it is a catalog.
func catalogUsage(r *der.Reader) bool {
	usages := r.Inside(der.Sequence, "usage of the list")
	var all []string
	for usages.More() {
		all = append(all, usages.OID("usage of the list"))
	}
	return r.Err() == nil && slices.Equal(all, []string{oidCatalogList})
}

// readMember reads one member. Its Hash is 0 if it is of a kind that is not read here.
func readMember(members *der.Reader) (Member, error) {
	var m Member
	one := members.Inside(der.Sequence, "member")
	one.Read(der.OctetString, "tag of the member")
	attributes := one.Inside(der.Set, "attributes of the member")
	one.End("member")
	for attributes.More() {
		a := attributes.Inside(der.Sequence, "attribute of the member")
		oid := a.OID("type of an attribute")
		values := a.Inside(der.Set, "values of an attribute")
		a.End("attribute of the member")
		var err error
		switch oid {
		case oidIndirectData:
			err = readDigest(&m, values)
		case oidNameValue:
			err = readName(&m, values)
		}
		if err != nil {
			return Member{}, err
		}
	}
	return m, members.Err()
}

// readDigest reads the digest of a member.
func readDigest(m *Member, values *der.Reader) error {
	if m.Kind != "" || !values.More() {
		return fmt.Errorf("digest: found none or several, wanted one")
	}
	data := values.Inside(der.Sequence, "digest")
	values.End("digest")
	about := data.Inside(der.Sequence, "kind of the file")
	kind := about.OID("kind of the file")
	info := data.Inside(der.Sequence, "digest of the file")
	data.End("digest")
	algorithm := cms.Algorithm(info, "digest algorithm of the file")
	sum := info.Read(der.OctetString, "digest of the file").Content
	info.End("digest of the file")
	if err := values.Err(); err != nil {
		return err
	}
	switch kind {
	case oidFlatData:
		m.Kind = Flat
	case oidImageData:
		m.Kind = Image
	default:
		m.Kind = Kind(kind)
		return nil
	}
	hash := cms.HashOf(algorithm)
	if hash != 0 && len(sum) != hash.Size() {
		return fmt.Errorf("digest of the file: found %d bytes, wanted %d of %v", len(sum), hash.Size(), hash)
	}
	m.Hash, m.Sum = hash, sum
	return nil
}

// readName reads the name of a member's file, if the attribute has it.
func readName(m *Member, values *der.Reader) error {
	for values.More() {
		pair := values.Inside(der.Sequence, "named value")
		name := pair.Any("name of a value").Content
		pair.Read(der.Integer, "flags of a value")
		value := pair.Read(der.OctetString, "value").Content
		pair.End("named value")
		if values.Err() != nil || text(binary.BigEndian, name) != fileValue {
			continue
		}
		if m.Name != "" {
			return fmt.Errorf("file name: found several, wanted one")
		}
		if len(value)%2 != 0 {
			return fmt.Errorf("file name: found %d bytes, wanted an even number", len(value))
		}
		file := strings.TrimRight(text(binary.LittleEndian, value), "\x00")
		m.Name = file[strings.LastIndexAny(file, `/\`)+1:]
	}
	return values.Err()
}

// text decodes UTF-16.
func text(order binary.ByteOrder, b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
