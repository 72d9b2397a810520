using System.Text.Encodings.Web;
using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>A value as <c>config show</c> lists it.</summary>
/// <param name="Pointer">Its JSON pointer.</param>
/// <param name="Json">The value as JSON, as it was written: what <c>${…}</c> stands for is not shown.</param>
/// <param name="Origin">Where it came from.</param>
/// <param name="FromDefaults">Whether an API has it from <c>defaults</c>.</param>
internal sealed record ListedValue(string Pointer, string Json, ValueOrigin Origin, bool FromDefaults)
{
    /// <summary>Where it came from, in words.</summary>
    public string Described => FromDefaults && Origin.Source != ValueSource.Default ? $"defaults, {Origin}" : Origin.ToString();
}

/// <summary>Lists every value that holds, with its origin: those that are written and those that are not.</summary>
internal sealed class ConfigurationListing
{
    private readonly ConfigurationNode? _defaults;
    private readonly List<ListedValue> _values = [];

    private ConfigurationListing(ConfigurationNode root)
    {
        _defaults = root.Member(Settings.Defaults.Name);
    }

    public static IReadOnlyList<ListedValue> Of(ConfigurationNode root)
    {
        var listing = new ConfigurationListing(root);
        listing.ListGroup(Settings.Root, root, "");
        return listing._values;
    }

    private void ListGroup(Group group, ConfigurationNode? node, string pointer)
    {
        foreach (var setting in group.Members)
        {
            var value = node?.Member(setting.Name);
            // A group of the policy that an API does not write it has from the defaults, whole.
            if (value is null && group == Settings.Upstream.Shape && setting.Shape is Group && Array.Exists(Settings.Policy.All, policy => policy.Name == setting.Name))
                value = _defaults?.Member(setting.Name);
            var at = ConfigurationNode.Below(pointer, setting.Name);
            if (setting.Shape is Map map)
                foreach (var (name, member) in value?.Members ?? [])
                {
                    if (map.Value is Group named)
                        ListGroup(named, member, ConfigurationNode.Below(at, name));
                    else
                        ListValue(ConfigurationNode.Below(at, name), member, false);
                }
            else if (setting.Shape is GroupList list && value is { Items.Count: > 0 })
                for (var index = 0; index < value.Items.Count; index++)
                    ListGroup(list.Item, value.Items[index], $"{at}/{index}");
            else if (setting.Shape is Group below && !(value is not null && below.IsWord(value)))
                ListGroupIfAny(below, value, at);
            else if (value is not null)
                ListValue(at, value, false);
            else if (group == Settings.Upstream.Shape && Array.Find(Settings.Policy.All, policy => policy.Name == setting.Name) is { } policy)
                ListInherited(at, policy);
            else if (setting.Default is { } usual)
                _values.Add(new ListedValue(at, usual, ValueOrigin.Default, false));
        }
    }

    // A group that needs something written has no defaults while it is absent: without keys there is no template.
    private void ListGroupIfAny(Group group, ConfigurationNode? node, string pointer)
    {
        if (node is not null || !group.HasRequired)
            ListGroup(group, node, pointer);
    }

    private void ListInherited(string pointer, Setting policy)
    {
        if (_defaults?.Member(policy.Name) is { } value)
            ListValue(pointer, value, true);
        else
            _values.Add(new ListedValue(pointer, policy.Default!, ValueOrigin.Default, true));
    }

    private void ListValue(string pointer, ConfigurationNode value, bool fromDefaults)
    {
        if (value.Kind == JsonValueKind.Array && value.Items.Count > 0)
        {
            for (var i = 0; i < value.Items.Count; i++)
                ListValue($"{pointer}/{i}", value.Items[i], fromDefaults);
            return;
        }
        var json = value.Kind switch
        {
            JsonValueKind.Array => "[]",
            JsonValueKind.Object => Written(value),
            JsonValueKind.String => $"\"{JsonEncodedText.Encode(value.Written, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"",
            _ => value.Text,
        };
        _values.Add(new ListedValue(pointer, json, value.Origin, fromDefaults));
    }

    /// <summary>A group that stands for one value.</summary>
    private static string Written(ConfigurationNode group) =>
        $"{{ {string.Join(", ", group.Members.Select(member => $"\"{member.Name}\": {(member.Value.Kind == JsonValueKind.String ? $"\"{JsonEncodedText.Encode(member.Value.Written, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"" : member.Value.Kind == JsonValueKind.Array ? $"[{string.Join(", ", member.Value.Items.Select(item => $"\"{item.Written}\""))}]" : member.Value.Text)}"))} }}";
}
