using System.Text;
using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>
/// Puts the value of a variable or the content of a file in the place of <c>${env:NAME}</c> and <c>${file:PATH}</c> in the
/// texts of the file. <c>$${</c> stands for <c>${</c> itself. What is put in is not read again.
/// </summary>
/// <param name="environment">The variables.</param>
/// <param name="directory">What relative paths are relative to: the directory of the file.</param>
/// <param name="errors">Receives what is missing.</param>
internal sealed class Substitution(IReadOnlyDictionary<string, string> environment, string directory, List<ConfigurationError> errors)
{
    private const int LargestFile = 64 << 10;

    public void Apply(ConfigurationNode node)
    {
        if (node.Kind == JsonValueKind.String && node.Text.Contains("${", StringComparison.Ordinal))
            Replace(node);
        foreach (var (_, member) in node.Members)
            Apply(member);
        foreach (var item in node.Items)
            Apply(item);
    }

    private void Replace(ConfigurationNode node)
    {
        var text = new StringBuilder();
        var rest = node.Written.AsSpan();
        for (int at; (at = rest.IndexOf("${")) >= 0;)
        {
            if (at > 0 && rest[at - 1] == '$')
            {
                text.Append(rest[..(at - 1)]).Append("${");
                rest = rest[(at + 2)..];
                continue;
            }
            var end = rest[at..].IndexOf('}');
            if (end < 0)
            {
                Wrong(node, "\"${\" without \"}\"; write ${env:NAME} or ${file:PATH}, or $${ for the two characters themselves");
                return;
            }
            text.Append(rest[..at]).Append(Find(node, rest[(at + 2)..(at + end)].ToString()));
            rest = rest[(at + end + 1)..];
        }
        node.Substitute(text.Append(rest).ToString());
    }

    private string Find(ConfigurationNode node, string reference)
    {
        if (reference.StartsWith("env:", StringComparison.Ordinal))
        {
            var name = reference[4..];
            return environment.TryGetValue(name, out var value) ? value : Wrong(node, $"the environment variable \"{Excerpt.Of(name)}\" is not set");
        }
        return reference.StartsWith("file:", StringComparison.Ordinal)
            ? ReadFile(node, reference[5..])
            : Wrong(node, $"\"${{{Excerpt.Of(reference)}}}\" is neither ${{env:NAME}} nor ${{file:PATH}}");
    }

    private string ReadFile(ConfigurationNode node, string path)
    {
        try
        {
            // Editors and secret stores end a file with a line end that nobody means.
            return BoundedFile.ReadAllText(Path.Combine(directory, path), LargestFile).TrimEnd('\r', '\n');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Wrong(node, $"the file \"{Excerpt.Of(path)}\" cannot be read: {exception.Message}");
        }
    }

    private string Wrong(ConfigurationNode node, string message)
    {
        errors.Add(new ConfigurationError(node.Origin, node.Pointer, message));
        return "";
    }
}
