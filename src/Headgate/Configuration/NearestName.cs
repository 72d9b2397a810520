namespace Headgate.Configuration;

/// <summary>Finds the known name that a mistyped one was probably meant to be.</summary>
internal static class NearestName
{
    /// <summary>The nearest of the known names, or null when none is near enough to be a slip of the finger.</summary>
    public static string? Find(string typed, IEnumerable<string> known)
    {
        string? best = null;
        // One slip in a short word, up to three in a long one: more would be another word.
        var least = Math.Clamp(typed.TrimStart('-').Length / 3, 1, 3) + 1;
        foreach (var name in known)
        {
            if (name.Length > 3 && typed.Length >= 3 && name.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
                return name;
            var distance = Distance(typed, name);
            if (distance < least)
                (best, least) = (name, distance);
        }
        return best;
    }

    /// <summary>The words to append to an error: <c>; did you mean "limits"?</c>, or nothing.</summary>
    public static string Suggest(string typed, IEnumerable<string> known) => Find(typed, known) is { } name ? $"; did you mean \"{name}\"?" : "";

    // Letters added, lost, changed or swapped with their neighbour; case does not count.
    private static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 3)
            return int.MaxValue;
        int[] before = new int[b.Length + 1], above = new int[b.Length + 1], row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
            above[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var same = Letter(a, i) == Letter(b, j);
                row[j] = Math.Min(Math.Min(above[j], row[j - 1]) + 1, above[j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && Letter(a, i) == Letter(b, j - 1) && Letter(a, i - 1) == Letter(b, j))
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
            }
            (before, above, row) = (above, row, before);
        }
        return above[b.Length];
    }

    private static char Letter(string text, int position) => char.ToUpperInvariant(text[position - 1]);
}
