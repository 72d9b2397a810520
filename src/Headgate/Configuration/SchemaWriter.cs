using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>Writes the JSON schema (2020-12) of exactly what headgate.json accepts, for editors and for checks before a release.</summary>
internal static class SchemaWriter
{
    // A text with ${…} in it may stand for a value of any kind.
    private const string Substituted = """{ "type": "string", "pattern": "\\$\\{(env|file):[^}]+\\}" }""";

    public static string Write()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            json.WriteString("title", "headgate.json");
            json.WriteString("description", "The configuration of Headgate. Comments and trailing commas are allowed; durations are numbers of seconds or text with a unit.");
            Settings.Root.WriteSchema(json);
            json.WriteStartObject("$defs");
            foreach (var scalar in Find(Settings.Root).DistinctBy(scalar => scalar.Name).OrderBy(scalar => scalar.Name, StringComparer.Ordinal))
                WriteDefinition(json, scalar);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteDefinition(Utf8JsonWriter json, Scalar scalar)
    {
        json.WriteStartObject(scalar.Name);
        json.WriteStartArray("anyOf");
        WriteRaw(json, scalar.Schema);
        WriteRaw(json, Substituted);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteRaw(Utf8JsonWriter json, string schema)
    {
        using var document = JsonDocument.Parse(schema);
        document.RootElement.WriteTo(json);
    }

    private static IEnumerable<Scalar> Find(Shape shape) => shape switch
    {
        Scalar scalar => [scalar],
        ListOf list => [list.Item],
        GroupList list => Find(list.Item),
        Map map => Find(map.Value),
        Group group => group.Members.SelectMany(member => Find(member.Shape)),
        _ => [],
    };
}
