using System.Buffers;

namespace Headgate.Caching;

/// <summary>Writes numbers, texts and bytes one behind the other, small numbers and plain letters as a byte each. <see cref="CompactReader"/> reads them.</summary>
internal sealed class CompactWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new(1024);

    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    /// <summary>Seven bits a byte, the lowest first; small ones are short, negative ones too.</summary>
    public void Number(long number)
    {
        var left = (ulong)((number << 1) ^ (number >> 63));
        var into = _bytes.GetSpan(10);
        var length = 0;
        for (; left >= 0x80; left >>= 7)
            into[length++] = (byte)(left | 0x80);
        into[length++] = (byte)left;
        _bytes.Advance(length);
    }

    /// <summary>A text letter by letter: any, those that are no text in UTF-16 too. Null is another than the empty one.</summary>
    public void Text(string? text)
    {
        Number(text?.Length ?? -1);
        foreach (var letter in text ?? "")
        {
            var into = _bytes.GetSpan(3);
            var (left, length) = ((int)letter, 0);
            for (; left >= 0x80; left >>= 7)
                into[length++] = (byte)(left | 0x80);
            into[length++] = (byte)left;
            _bytes.Advance(length);
        }
    }

    public void Texts(IReadOnlyList<string?> texts)
    {
        Number(texts.Count);
        foreach (var text in texts)
            Text(text);
    }

    public void Raw(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);
}
