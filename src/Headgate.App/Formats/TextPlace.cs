namespace Headgate.App.Formats;

/// <summary>A place in a text: line and column from 1, the column in characters, and the byte within the line from 0.</summary>
internal readonly record struct TextPlace(long Line, int Column, long Byte)
{
    public static readonly TextPlace Beginning = new(1, 1, 0);

    /// <summary>The place behind some more of the text.</summary>
    public TextPlace After(ReadOnlySpan<byte> text)
    {
        var last = text.LastIndexOf((byte)'\n');
        var (line, column, at) = last < 0 ? this : new TextPlace(Line + text.Count((byte)'\n'), 1, 0);
        foreach (var unit in text[(last + 1)..])
            // Every byte but the continuing ones (10xxxxxx) begins a character.
            column += (unit & 0xC0) != 0x80 ? 1 : 0;
        return new TextPlace(line, column, at + text.Length - (last + 1));
    }
}
