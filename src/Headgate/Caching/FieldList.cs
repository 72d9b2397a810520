using System.Collections;
using System.Net.Http.Headers;

namespace Headgate.Caching;

/// <summary>One line of a header, as it came.</summary>
internal readonly record struct Field(string Name, string Value)
{
    /// <summary>Names differ by more than letter case.</summary>
    public bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>The header lines of a message in their order, as they came. Never changes.</summary>
/// <remarks>Nothing here goes through a typed header: reading one rewrites the text that others read after it.</remarks>
internal sealed class FieldList(params Field[] fields) : IReadOnlyList<Field>
{
    public static readonly FieldList Empty = new();

    public int Count => fields.Length;

    public Field this[int index] => fields[index];

    /// <summary>The lines of a request, those of its body too.</summary>
    public static FieldList Of(HttpRequestMessage request) => Of(request.Headers, request.Content?.Headers);

    /// <summary>The lines of an answer, those of its body too; not its trailers, which are not stored.</summary>
    public static FieldList Of(HttpResponseMessage answer) => Of(answer.Headers, answer.Content.Headers);

    /// <summary>The first line of that name; null for none.</summary>
    public string? First(string name)
    {
        foreach (var field in fields)
            if (field.Is(name))
                return field.Value;
        return null;
    }

    public bool Has(string name) => First(name) is not null;

    /// <summary>All lines of that name as one (RFC 9110 §5.3); null for none.</summary>
    public string? Combined(string name)
    {
        string? all = null;
        foreach (var field in fields)
            if (field.Is(name))
                all = all is null ? field.Value : $"{all}, {field.Value}";
        return all;
    }

    /// <summary>The members of a list, over all its lines.</summary>
    public ListMembers Members(string name) => new(this, name);

    /// <summary>The lines of which something is so.</summary>
    public FieldList Where(Func<Field, bool> isSo) => Array.TrueForAll(fields, field => isSo(field)) ? this : new FieldList(Array.FindAll(fields, field => isSo(field)));

    public FieldList Without(string name) => Where(field => !field.Is(name));

    /// <summary>With one line of that name in the place of all that were there; at the end if there was none.</summary>
    public FieldList With(string name, string value)
    {
        var at = Array.FindIndex(fields, field => field.Is(name));
        if (at < 0)
            return new FieldList([.. fields, new Field(name, value)]);
        return new FieldList([.. fields[..at].Append(new Field(name, value)).Concat(fields[at..].Where(field => !field.Is(name)))]);
    }

    /// <summary>One more line, behind those of its name.</summary>
    public FieldList And(string name, string value) => new([.. fields, new Field(name, value)]);

    public IEnumerator<Field> GetEnumerator() => ((IEnumerable<Field>)fields).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => fields.GetEnumerator();

    private static FieldList Of(HttpHeaders headers, HttpHeaders? ofBody)
    {
        var lines = new List<Field>();
        Add(headers);
        if (ofBody is not null)
            Add(ofBody);
        return lines.Count == 0 ? Empty : new FieldList([.. lines]);

        void Add(HttpHeaders from)
        {
            foreach (var (name, values) in from.NonValidated)
                foreach (var value in values)
                    lines.Add(new Field(name, value));
        }
    }
}
