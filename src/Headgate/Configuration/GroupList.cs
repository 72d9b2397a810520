using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>A list whose items are groups of one shape.</summary>
/// <param name="item">The shape of each.</param>
internal sealed class GroupList(Group item) : Shape
{
    public Group Item => item;

    public override void Check(ConfigurationNode node, List<ConfigurationError> errors)
    {
        if (node.Kind != JsonValueKind.Array)
            Wrong(node, $"{node.Shown} is not a list; write [{{ … }}]", errors);
        foreach (var entry in node.Items)
            item.Check(entry, errors);
    }

    public override void WriteSchema(Utf8JsonWriter json)
    {
        json.WriteString("type", "array");
        json.WriteStartObject("items");
        item.WriteSchema(json);
        json.WriteEndObject();
    }
}
