namespace Headgate.App.Input;

/// <summary>What is wrong with a line of a file, and where: lines and columns count from 1, columns in characters (code points).</summary>
internal sealed record LineError(string File, long Line, int Column, string Message)
{
    public override string ToString() => $"{File}:{Line}:{Column}: {Message}";

    /// <summary>An error at a byte of a record, which may span several lines.</summary>
    public static LineError At(string file, long firstLine, ReadOnlySpan<byte> record, int offset, string message)
    {
        var before = record[..Math.Clamp(offset, 0, record.Length)];
        var lastBreak = before.LastIndexOf((byte)'\n');
        return new LineError(file, firstLine + before.Count((byte)'\n'), 1 + Characters(before[(lastBreak + 1)..]), message);
    }

    // Every byte but the continuing ones (10xxxxxx) begins a character.
    private static int Characters(ReadOnlySpan<byte> text)
    {
        var count = 0;
        foreach (var unit in text)
            count += (unit & 0xC0) != 0x80 ? 1 : 0;
        return count;
    }
}
