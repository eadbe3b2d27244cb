package edged
import ("crypto/sha256"; "encoding/binary")
func (h *Head) Term() Sum {
	b := append(make([]byte, 0, 48), h.Log[:]...)
	b = binary.AppendUvarint(b, uint64(h.Head))
	b = append(b, h.Chain[:]...)
	sum := sha256.Sum256(b)
	return Sum(sum[:16])
}
