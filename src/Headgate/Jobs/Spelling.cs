namespace Headgate.Jobs;

/// <summary>Finds the word that was probably meant.</summary>
internal static class Spelling
{
    /// <summary>The known word with the fewest edits from the given one; null when none is near enough to be meant.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        var allowed = Math.Max(1, word.Length / 3);
        return known.Where(candidate => Distance(word, candidate) <= allowed).MinBy(candidate => Distance(word, candidate));
    }

    /// <summary>Insertions, deletions, replacements and swaps of neighbours (optimal string alignment), without regard to case, _ and -.</summary>
    private static int Distance(string from, string to)
    {
        var (a, b) = (Plain(from), Plain(to));
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1, replaced);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        return rows[a.Length, b.Length];
    }

    // A name as long as a line is no slip of the pen, and the table above grows with it.
    private static string Plain(string word) =>
        string.Concat(word.Take(64).Where(c => c is not ('_' or '-')).Select(char.ToLowerInvariant));
}
