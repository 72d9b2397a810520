using System.Security.Cryptography;

namespace Headgate.Caching;

/// <summary>
/// Entries as bytes, and back: header lines in their order and bodies to the byte. What can be read of the rest is not written. Whoever asked is not in
/// them: answers that were chosen by credentials are left out. Pure.
/// </summary>
internal static class EntryBytes
{
    /// <summary>Of how they are written; what was written otherwise is not read.</summary>
    private const long Version = 1;

    private const long OfAnswers = 1;
    private const long OfSearchRules = 2;

    /// <summary>Bytes at the end by which damage shows.</summary>
    private const int SumLength = 8;

    /// <summary>Writes an entry; null if nothing of it may be written.</summary>
    public static byte[]? Write(CacheEntry entry, CacheRules rules)
    {
        var writer = new CompactWriter();
        writer.Number(Version);
        writer.Text(rules.Mark);
        if (entry is SearchRules search)
        {
            writer.Number(OfSearchRules);
            writer.Texts([.. search.Rules.Select(rule => rule.Text)]);
        }
        else
        {
            var answers = ((Variants)entry).Answers.Where(answer => answer.Selecting != Selecting.Never && !answer.Selecting.Names.Any(rules.IsCredential)).ToList();
            if (answers.Count == 0)
                return null;
            writer.Number(OfAnswers);
            writer.Number(answers.Count);
            foreach (var answer in answers)
                Write(writer, answer);
        }
        writer.Raw(SHA256.HashData(writer.Written).AsSpan(0, SumLength));
        return writer.Written.ToArray();
    }

    /// <summary>Reads an entry; null if it was made by other rules or written otherwise.</summary>
    /// <param name="bytes">What was written.</param>
    /// <param name="url">Of its key.</param>
    /// <param name="rules">By which it is to be used.</param>
    /// <exception cref="InvalidDataException">They are damaged.</exception>
    public static CacheEntry? Read(ReadOnlySpan<byte> bytes, string url, CacheRules rules)
    {
        if (bytes.Length < SumLength || !SHA256.HashData(bytes[..^SumLength]).AsSpan(0, SumLength).SequenceEqual(bytes[^SumLength..]))
            throw new InvalidDataException("an answer that was kept is damaged");
        var reader = new CompactReader(bytes[..^SumLength]);
        if (reader.Number() != Version || reader.Text() != rules.Mark)
            return null;
        if (reader.Number() == OfSearchRules)
            return new SearchRules([.. reader.Texts().Select(text => NoVarySearch.Of(text!))]);
        var answers = new StoredAnswer[reader.Count()];
        for (var at = 0; at < answers.Length; at++)
            answers[at] = Read(ref reader, url, rules);
        return new Variants(answers);
    }

    private static void Write(CompactWriter writer, StoredAnswer answer)
    {
        writer.Number(answer.Status);
        writer.Text(answer.Reason);
        writer.Texts([.. answer.Fields.SelectMany(field => (string[])[field.Name, field.Value])]);
        writer.Number(answer.Range.First);
        writer.Number(answer.Range.Total ?? -1);
        writer.Texts([.. answer.Selecting.Names]);
        writer.Texts([.. answer.Selecting.Written]);
        writer.Number(answer.InitialAge);
        writer.Number(answer.ReceivedAt);
        writer.Number(answer.ValidFrom);
        writer.Number(answer.IsOutdated ? 1 : 0);
        writer.Number(answer.Body.Length);
        writer.Raw(answer.Body.Span);
    }

    private static StoredAnswer Read(ref CompactReader reader, string url, CacheRules rules)
    {
        var (status, reason, lines) = ((int)reader.Number(), reader.Text(), reader.Texts());
        var (first, total) = (reader.Number(), reader.Number());
        var selecting = Selecting.Restored([.. reader.Texts().Select(name => name!)], reader.Texts());
        var (initialAge, receivedAt, validFrom, isOutdated) = (reader.Number(), reader.Number(), reader.Number(), reader.Number() == 1);
        var body = reader.Raw(reader.Count()).ToArray();
        var fields = new FieldList([.. lines.Chunk(2).Select(line => new Field(line[0]!, line[1]!))]);
        // Those of many queries are under a text that begins with their path: see SearchRules.
        var own = url.IndexOf(' ', StringComparison.Ordinal) is >= 0 and var end ? url[..end] : url;
        var answer = StoredAnswer.Of(rules, own, status, reason, fields, body, new ContentRange(first, body.Length, total < 0 ? null : total), selecting, initialAge, receivedAt, validFrom);
        return isOutdated ? answer.Outdated() : answer;
    }
}
